// SPDX-License-Identifier: GPL-2.0-only
/* A picture as a PNG file, which is there only if it is whole. */
#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <png.h>

#include "lsvfio.h"

/* libpng would say something of its own. */
static void on_error(png_struct *png, const char *message)
{
	png_longjmp(png, 1);
}

static void on_warning(png_struct *png, const char *message)
{
}

static bool write_rows(FILE *out, const struct picture *picture)
{
	png_struct *png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error,
						  on_warning);
	png_info *info = png ? png_create_info_struct(png) : NULL;
	u32 y;

	if (!info)
		return false;
	if (setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return false;
	}
	png_init_io(png, out);
	png_set_IHDR(png, info, picture->width, picture->height, 8, PNG_COLOR_TYPE_RGB,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (y = 0; y < picture->height; y++)
		png_write_row(png, picture->rgb + (size_t)picture->width * 3 * y);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	return true;
}

/* In memory: an error of the file is then one of writing to it, and nothing else. */
static char *encode(const struct picture *picture, size_t *len)
{
	char *bytes;
	FILE *out = open_memstream(&bytes, len);

	if (!out || !write_rows(out, picture) || fclose(out))
		die(EXIT_DEVICE, "out of memory");
	return bytes;
}

/* The file that links lead to. */
static void discard(const char *file)
{
	char *real = realpath(file, NULL);

	if (real)
		unlink(real);
	free(real);
}

void write_png(const struct picture *picture, const char *file)
{
	bool is_stdout = !strcmp(file, "-"), regular;
	struct stat st;
	size_t len;
	char *bytes;
	FILE *out;
	int err;

	if (is_stdout && isatty(STDOUT_FILENO))
		die(EXIT_USAGE, "a picture is not for a terminal: name a file");
	bytes = encode(picture, &len);
	out = is_stdout ? stdout : fopen(file, "we");
	if (!out)
		die(EXIT_DEVICE, "cannot write %s: %s", file, strerror(errno));
	/* Not a device such as /dev/full. */
	regular = !fstat(fileno(out), &st) && S_ISREG(st.st_mode);
	err = fwrite(bytes, 1, len, out) == len && !fflush(out) ? 0 : errno;
	/* A file system may say only then that there is no room. */
	if (!is_stdout && fclose(out) && !err)
		err = errno;
	free(bytes);
	if (!err)
		return;
	if (!is_stdout && regular)
		discard(file);
	die(EXIT_DEVICE, "cannot write %s: %s", file, strerror(err));
}
