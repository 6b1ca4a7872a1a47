// SPDX-License-Identifier: GPL-2.0-only
/* The state of mbochs, from one device to another. Included behind mbochs.c. */

/* Settings of a guest, and of the VFIO user, which plugs in a monitor. */
static void set_picture(struct softpci_device *dev)
{
	put_blob(dev);
	put_edid_size(dev, 1000);
	put_link(dev, LINK_UP);
	put_dispi(dev, VBE_DISPI_INDEX_XRES, 800);
	put_dispi(dev, VBE_DISPI_INDEX_YRES, 600);
	put_dispi(dev, VBE_DISPI_INDEX_BPP, 32);
	put_dispi(dev, VBE_DISPI_INDEX_VIRT_WIDTH, 1024);
	put_dispi(dev, VBE_DISPI_INDEX_Y_OFFSET, 9);
	put_dispi(dev, VBE_DISPI_INDEX_ENABLE,
		  VBE_DISPI_ENABLED | VBE_DISPI_NOCLEARMEM);
	kunit_write(dev, MMIO, 0x604, 4, 0xbebebebe);
}

static void picture_and_monitor_move(struct kunit *test)
{
	struct softpci_device *from = new_mbochs(test, &mbochs_small);
	struct softpci_device *to = new_mbochs(test, &mbochs_small);
	struct softpci_mode was = {}, is = {};
	unsigned int i;

	set_picture(from);
	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from, to), 0);
	for (i = 0; i < VBE_DISPI_INDEX_NB; i++)
		KUNIT_EXPECT_EQ(test, get_dispi(to, i), get_dispi(from, i));
	KUNIT_EXPECT_EQ(test, seen_by_guest(to), 1000);
	KUNIT_EXPECT_MEMEQ(test, to_mbochs(to)->edid, to_mbochs(from)->edid,
			   MBOCHS_EDID_MAX);
	KUNIT_EXPECT_TRUE(test, get_mode(from, &was));
	KUNIT_EXPECT_TRUE(test, get_mode(to, &is));
	KUNIT_EXPECT_MEMEQ(test, &is, &was, sizeof(is));
}

static void state_of_another_size_is_refused(struct kunit *test)
{
	struct softpci_device *from = new_mbochs(test, &mbochs_small);
	struct softpci_device *to = new_mbochs(test, &mbochs_large);

	set_picture(from);
	KUNIT_EXPECT_EQ(test, kunit_copy_state(test, from, to), -ENXIO);
	KUNIT_EXPECT_EQ(test, get_dispi(to, VBE_DISPI_INDEX_XRES), 0);
	KUNIT_EXPECT_EQ(test, kunit_copy_state(test, to, from), -ENXIO);
	KUNIT_EXPECT_EQ(test, get_dispi(from, VBE_DISPI_INDEX_XRES), 800);
}

/* The byte at @off, which lies in video RAM. */
static u8 byte_at(struct kunit *test, struct softpci_device *dev, u64 off)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(test, softpci_memory_read(dev, 0, off, &byte, 1), 0);
	return byte;
}

static void put_byte(struct kunit *test, struct softpci_device *dev, u64 off)
{
	const u8 byte = 0x5a;

	KUNIT_EXPECT_EQ(test, softpci_memory_write(dev, 0, off, &byte, 1), 0);
}

/* A write of the register returns when it was done. */
static void wait_for_clear(struct softpci_device *dev)
{
	flush_work(&dev->jobs.work);
}

static void clear_that_waits_is_done_by_the_target_alone(struct kunit *test)
{
	struct softpci_device *from = new_mbochs(test, &mbochs_small);
	struct softpci_device *to = new_mbochs(test, &mbochs_small);

	set_picture(from);
	softpci_quiesce(from);
	put_dispi(from, VBE_DISPI_INDEX_ENABLE, 0);
	put_dispi(from, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	put_byte(test, to, 9 * 4096);
	put_byte(test, to, 9 * 4096 - 1);
	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from, to), 0);
	KUNIT_EXPECT_EQ(test, byte_at(test, to, 9 * 4096), 0x5a);
	KUNIT_EXPECT_EQ(test, softpci_resume(to), 0);
	wait_for_clear(to);
	KUNIT_EXPECT_EQ(test, byte_at(test, to, 9 * 4096), 0);
	KUNIT_EXPECT_EQ(test, byte_at(test, to, 9 * 4096 - 1), 0x5a);
	KUNIT_EXPECT_EQ(test, to_mbochs(to)->clear_len, 0);
}

static void clear_that_waited_before_a_load_is_forgotten(struct kunit *test)
{
	struct softpci_device *from = new_mbochs(test, &mbochs_small);
	struct softpci_device *to = new_mbochs(test, &mbochs_small);

	set_picture(from);
	set_picture(to);
	softpci_quiesce(to);
	put_dispi(to, VBE_DISPI_INDEX_ENABLE, 0);
	put_dispi(to, VBE_DISPI_INDEX_ENABLE, VBE_DISPI_ENABLED);
	KUNIT_EXPECT_NE(test, to_mbochs(to)->clear_len, 0);
	KUNIT_ASSERT_EQ(test, kunit_copy_state(test, from, to), 0);
	put_byte(test, to, 9 * 4096);
	KUNIT_EXPECT_EQ(test, softpci_resume(to), 0);
	wait_for_clear(to);
	KUNIT_EXPECT_EQ(test, byte_at(test, to, 9 * 4096), 0x5a);
}

static void clear_outside_of_the_memory_is_refused(struct kunit *test)
{
	static const u32 bad[][2] = {
		{ SZ_4M, 1 }, { 0, SZ_4M + 1 }, { 1, SZ_4M },
		{ U32_MAX, 0 }, { 0, U32_MAX }, { U32_MAX, U32_MAX },
	};
	struct softpci_device *from = new_mbochs(test, &mbochs_small);
	struct softpci_device *to = new_mbochs(test, &mbochs_small);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		to_mbochs(from)->clear_start = bad[i][0];
		to_mbochs(from)->clear_len = bad[i][1];
		KUNIT_EXPECT_EQ_MSG(test, kunit_copy_state(test, from, to),
				    -EINVAL, "%u", i);
		KUNIT_EXPECT_EQ(test, to_mbochs(to)->clear_len, 0);
	}
	to_mbochs(from)->clear_start = 1;
	to_mbochs(from)->clear_len = SZ_4M - 1;
	KUNIT_EXPECT_EQ(test, kunit_copy_state(test, from, to), 0);
}

static struct kunit_case mbochs_state_cases[] = {
	KUNIT_CASE(picture_and_monitor_move),
	KUNIT_CASE(state_of_another_size_is_refused),
	KUNIT_CASE(clear_that_waits_is_done_by_the_target_alone),
	KUNIT_CASE(clear_that_waited_before_a_load_is_forgotten),
	KUNIT_CASE(clear_outside_of_the_memory_is_refused),
	{}
};

static struct kunit_suite mbochs_state_suite = {
	.name = "mbochs-state",
	.test_cases = mbochs_state_cases,
};

kunit_test_suite(mbochs_state_suite);
