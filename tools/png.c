// SPDX-License-Identifier: GPL-2.0-only
/* A picture as a PNG file, which is there only if it is whole. */
#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <png.h>

#include "lsvfio.h"

static bool write_rows(FILE *out, const struct picture *picture)
{
	png_struct *png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_info *info = png ? png_create_info_struct(png) : NULL;
	u32 y;

	if (!info)
		die(EXIT_DEVICE, "out of memory");
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

void write_png(const struct picture *picture, const char *file)
{
	bool is_stdout = !strcmp(file, "-"), ok;
	FILE *out = is_stdout ? stdout : fopen(file, "we");
	struct stat st;
	int err;

	if (!out)
		die(EXIT_DEVICE, "cannot write %s: %s", file, strerror(errno));
	if (is_stdout && isatty(STDOUT_FILENO))
		die(EXIT_USAGE, "a picture is not for a terminal: name a file");
	errno = 0;
	ok = write_rows(out, picture) && !fflush(out);
	err = errno;
	if (ok)
		return;
	/* Not a device such as /dev/full. */
	if (!is_stdout && !fstat(fileno(out), &st) && S_ISREG(st.st_mode))
		unlink(file);
	die(EXIT_DEVICE, "cannot write %s: %s", file, strerror(err ?: EIO));
}
