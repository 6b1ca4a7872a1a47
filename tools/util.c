// SPDX-License-Identifier: GPL-2.0-only
/* Errors, memory, and files of sysfs. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "lsvfio.h"

/* No attribute of sysfs is longer than the largest page. */
#define MAX_TEXT	65536

const char *root_dir = "";

static void *need_memory(void *p)
{
	if (!p) {
		fputs("lsvfio: out of memory\n", stderr);
		exit(EXIT_DEVICE);
	}
	return p;
}

static char *vtext(const char *fmt, va_list args)
{
	char *s;

	if (vasprintf(&s, fmt, args) < 0)
		need_memory(NULL);
	return s;
}

void die(int status, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	fprintf(stderr, "lsvfio: %s\n", clean(vtext(fmt, args), ""));
	va_end(args);
	exit(status);
}

void flush_output(void)
{
	/* An error of an earlier write is known to have been, and not which one it was. */
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		die(EXIT_DEVICE, "cannot write%s%s", errno ? ": " : "",
		    errno ? strerror(errno) : "");
}

void *xcalloc(size_t nr, size_t size)
{
	return need_memory(calloc(nr ?: 1, size));
}

void *grow(void *array, unsigned int *nr, size_t size)
{
	array = need_memory(reallocarray(array, *nr + 1, size));
	memset((char *)array + *nr * size, 0, size);
	(*nr)++;
	return array;
}

char *xstrdup(const char *s)
{
	return need_memory(strdup(s));
}

char *text(const char *fmt, ...)
{
	va_list args;
	char *s;

	va_start(args, fmt);
	s = vtext(fmt, args);
	va_end(args);
	return s;
}

char *append(char *s, const char *fmt, ...)
{
	char *more, *longer;
	va_list args;

	va_start(args, fmt);
	more = vtext(fmt, args);
	va_end(args);
	longer = text("%s%s", s ?: "", more);
	free(more);
	free(s);
	return longer;
}

/* The bytes of the character of UTF-8 at S; 0: it is not valid, or controls a terminal. */
static size_t character(const u8 *s)
{
	static const u32 least[] = { 0, 0x20, 0xa0, 0x800, 0x10000 };
	size_t i, len;
	u32 val;

	len = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;
	val = len > 1 ? *s & 0x7f >> len : *s;
	for (i = 1; i < len; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		val = val << 6 | (s[i] & 0x3f);
	}
	if (val < least[len] || val == 0x7f || (val >= 0xd800 && val < 0xe000) || val > 0x10ffff)
		return 0;
	return len;
}

char *clean(char *s, const char *keep)
{
	size_t len;
	char *at;

	for (at = s; *at; at += len) {
		len = strchr(keep, *at) ? 1 : character((u8 *)at);
		if (!len) {
			*at = '?';
			len = 1;
		}
	}
	return s;
}

char *rooted(const char *fmt, ...)
{
	char *path, *s;
	va_list args;

	va_start(args, fmt);
	path = vtext(fmt, args);
	va_end(args);
	s = text("%s%s", root_dir, path);
	free(path);
	return s;
}

char *resolve(const char *path)
{
	char *real = realpath(path, NULL), *s;
	size_t len = strlen(root_dir);

	if (!real)
		return NULL;
	s = xstrdup(strncmp(real, root_dir, len) ? real : real + len);
	free(real);
	return clean(s, "");
}

char *link_name(const char *dir, const char *file)
{
	char *path = text("%s/%s", dir, file), target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	char *slash;

	free(path);
	if (len < 0)
		return NULL;
	target[len] = '\0';
	slash = strrchr(target, '/');
	return clean(xstrdup(slash ? slash + 1 : target), "");
}

char *read_text(const char *dir, const char *file)
{
	char *path = text("%s/%s", dir, file), *s = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t ret;

	free(path);
	if (fd < 0)
		return NULL;
	s = xcalloc(MAX_TEXT, 1);
	do {
		ret = read(fd, s + len, MAX_TEXT - 1 - len);
		if (ret > 0)
			len += ret;
	} while (ret > 0);
	close(fd);
	if (ret < 0) {
		free(s);
		return NULL;
	}
	if (len && s[len - 1] == '\n')
		s[len - 1] = '\0';
	return clean(s, "\n\t");
}

char *read_line(const char *dir, const char *file)
{
	char *s = read_text(dir, file);

	return s ? clean(s, "") : NULL;
}

bool read_number(const char *dir, const char *file, u64 *val)
{
	char *s = read_text(dir, file), *end = s;

	if (s)
		*val = strtoull(s, &end, 0);
	free(s);
	return end != s;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **list_names(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	unsigned int nr = 0;
	char **names = NULL;

	while (d && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		names = grow(names, &nr, sizeof(*names));
		names[nr - 1] = xstrdup(entry->d_name);
	}
	if (d)
		closedir(d);
	if (nr)
		qsort(names, nr, sizeof(*names), by_name);
	return grow(names, &nr, sizeof(*names));
}

void free_names(char **names)
{
	char **name;

	for (name = names; *name; name++)
		free(*name);
	free(names);
}
