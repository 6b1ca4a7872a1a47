// SPDX-License-Identifier: GPL-2.0-only
/* Vectors of functions on the PCI bus in software: taken, owned, given back. */
#include <kunit/test.h>

static unsigned int nr_used(void)
{
	guard(mutex)(&msi_lock);
	return bitmap_weight(msi_used, MSI_VECTORS);
}

static struct softpci_function *function(struct kunit *test)
{
	struct softpci_function *fn = kunit_kzalloc(test, sizeof(*fn), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fn);
	return fn;
}

/* They come together, and go one by one. */
static void vectors_that_are_given_back_are_all_that_were_taken(struct kunit *test)
{
	static const unsigned int counts[] = { 1, 2, 3, 17, 32, 2048 };
	struct softpci_function *fn = function(test);
	unsigned int i, j, before = nr_used();

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		int first = take_vectors(fn, counts[i]);

		KUNIT_ASSERT_GE(test, first, 0);
		KUNIT_EXPECT_EQ(test, first % roundup_pow_of_two(counts[i]), 0);
		KUNIT_EXPECT_EQ(test, nr_used(), before + counts[i]);
		for (j = 0; j < counts[i]; j++)
			give_vector(first + j);
		KUNIT_EXPECT_EQ(test, nr_used(), before);
	}
}

static void a_vector_is_of_one_function(struct kunit *test)
{
	struct softpci_function *a = function(test), *b = function(test);
	int of_a = take_vectors(a, 3), of_b = take_vectors(b, 1);
	unsigned int i;

	KUNIT_ASSERT_GE(test, of_a, 0);
	KUNIT_ASSERT_GE(test, of_b, 0);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, owns(a, of_a + i));
		KUNIT_EXPECT_FALSE(test, owns(b, of_a + i));
		give_vector(of_a + i);
		KUNIT_EXPECT_FALSE(test, owns(a, of_a + i));
	}
	KUNIT_EXPECT_TRUE(test, owns(b, of_b));
	KUNIT_EXPECT_FALSE(test, owns(a, of_b));
	KUNIT_EXPECT_FALSE(test, owns(b, U32_MAX));
	give_vector(of_b);
}

static void more_vectors_than_there_are_are_refused(struct kunit *test)
{
	unsigned int before = nr_used();

	KUNIT_EXPECT_EQ(test, take_vectors(function(test), MSI_VECTORS + 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, nr_used(), before);
}

static struct kunit_case host_msi_cases[] = {
	KUNIT_CASE(vectors_that_are_given_back_are_all_that_were_taken),
	KUNIT_CASE(a_vector_is_of_one_function),
	KUNIT_CASE(more_vectors_than_there_are_are_refused),
	{}
};

static struct kunit_suite host_msi_suite = {
	.name = "softpci-host-msi",
	.test_cases = host_msi_cases,
};

kunit_test_suite(host_msi_suite);
