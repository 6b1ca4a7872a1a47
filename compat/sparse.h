/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included first when sparse reads the modules: teaches a sparse that is older
 * than the newest kernels, as Debian's, what their headers take for granted.
 */
#define __typeof_unqual__(x)	__typeof__(x)
#define __builtin_strlen(s)	(sizeof(s) - 1)
