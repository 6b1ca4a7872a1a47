/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included first when sparse reads the modules: defines builtins that the headers
 * of the newest kernels use and an older sparse, such as Debian's, lacks.
 */
#define __typeof_unqual__(x)	__typeof__(x)
#define __builtin_strlen(s)	(sizeof(s) - 1)
