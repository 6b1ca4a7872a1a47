/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before all else, the kernel's types of 64 bits are those of ppc64el, which are
 * long without __SANE_USERSPACE_TYPES__.
 */
#ifndef __SANE_USERSPACE_TYPES__
#define _ASM_GENERIC_INT_LL64_H
#include <asm-generic/int-l64.h>
#endif
