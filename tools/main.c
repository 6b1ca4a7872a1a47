// SPDX-License-Identifier: GPL-2.0-only
/* lsvfio(8): options, and what is done with them. */
#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <strings.h>
#include <unistd.h>

#include "lsvfio.h"

static const char usage_text[] =
	"usage: lsvfio [OPTION...]             list VFIO devices; none is opened\n"
	"       lsvfio [OPTION...] DEVICE      what one is: its UUID, PCI address or path in sysfs\n"
	"  -j, --json              as JSON\n"
	"  -s, --screenshot FILE   write what it displays now to FILE, as PNG (-: to stdout)\n"
	"  -w, --watch[=SECONDS]   print what changes, look each half second, until SIGINT\n"
	"  -g, --group             open it by its group\n"
	"  -c, --cdev              open it by its file in /dev/vfio/devices\n"
	"  -J, --join[=[PID:]FD]   look through the descriptor of the process that has it open\n"
	"      --vf-token UUID     token of a physical function and its virtual ones\n"
	"  -i, --ids FILE          names of PCI ids\n"
	"      --root DIR          use /sys, /proc and /dev in DIR\n"
	"  -h, --help\n"
	"  -V, --version\n";

enum { TOKEN = 256, ROOT };

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "screenshot", required_argument, NULL, 's' },
	{ "watch", optional_argument, NULL, 'w' },
	{ "group", no_argument, NULL, 'g' },
	{ "cdev", no_argument, NULL, 'c' },
	{ "join", optional_argument, NULL, 'J' },
	{ "vf-token", required_argument, NULL, TOKEN },
	{ "ids", required_argument, NULL, 'i' },
	{ "root", required_argument, NULL, ROOT },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ }
};

static void set_interface(struct options *options, enum interface interface)
{
	if (options->interface != ANY && options->interface != interface)
		die(EXIT_USAGE, "--group, --cdev and --join exclude each other");
	options->interface = interface;
}

static double parse_seconds(const char *s)
{
	char *end;
	double val = strtod(s, &end);

	if (end == s || *end || !(val >= 0.01 && val <= 86400))
		die(EXIT_USAGE, "--watch wants seconds, from 0.01 to 86400, not '%s'", s);
	return val;
}

/* The end of a number, which goes to VAL; NULL: there is none. */
static const char *parse_int(const char *s, int *val)
{
	char *end;
	long long number = isdigit((unsigned char)*s) ? strtoll(s, &end, 10) : -1;

	if (number < 0 || number > INT_MAX)
		return NULL;
	*val = number;
	return end;
}

/* FD or PID:FD */
static void parse_join(const char *s, struct options *options)
{
	const char *end = parse_int(s, &options->join_fd);

	if (end && *end == ':') {
		options->join_pid = options->join_fd;
		end = options->join_pid ? parse_int(end + 1, &options->join_fd) : NULL;
	}
	if (!end || *end)
		die(EXIT_USAGE, "--join wants the number of a descriptor, or PID:FD, not '%s'", s);
}

/* Strictly: the kernel takes no other form by a group, and a cdev wants its bytes. */
static const char *parse_token(const char *s)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	unsigned int i;

	for (i = 0; s[i] && (form[i] == 'x' ? isxdigit((unsigned char)s[i]) : s[i] == form[i]); i++)
		;
	if (s[i] || form[i])
		die(EXIT_USAGE, "--vf-token wants a UUID, %s, not '%s'", form, s);
	return s;
}

/* The name of a device behind --root has no root in front, so one is needed without links. */
static const char *parse_root(const char *s)
{
	char *real = realpath(s, NULL);

	if (!real)
		die(EXIT_USAGE, "there is no %s: %s", s, strerror(errno));
	return strcmp(real, "/") ? real : "";
}

/* true: there is nothing left to do */
static bool take_option(int opt, struct options *options)
{
	switch (opt) {
	case 'j':
		options->json = true;
		break;
	case 's':
		options->screenshot = optarg;
		break;
	case 'w':
		options->watch = optarg ? parse_seconds(optarg) : 0.5;
		break;
	case 'g':
		set_interface(options, GROUP);
		break;
	case 'c':
		set_interface(options, CDEV);
		break;
	case 'J':
		set_interface(options, JOINED);
		if (optarg)
			parse_join(optarg, options);
		break;
	case TOKEN:
		options->token = parse_token(optarg);
		break;
	case 'i':
		use_ids(optarg);
		break;
	case ROOT:
		root_dir = parse_root(optarg);
		break;
	case 'h':
		fputs(usage_text, stdout);
		return true;
	case 'V':
		printf("lsvfio %s, JSON schema %d\n", LSVFIO_VERSION, JSON_VERSION);
		return true;
	}
	return false;
}

/* In one line, where getopt would print another one. */
static _Noreturn void refuse_option(int opt, const char *argument)
{
	const struct option *known = long_options;

	while (known->name && known->val != optopt)
		known++;
	if (opt == ':')
		die(EXIT_USAGE, "--%s wants a value: --help lists the options", known->name);
	if (known->name)
		die(EXIT_USAGE, "--%s takes no value: --help lists the options", known->name);
	if (optopt)
		die(EXIT_USAGE, "there is no option -%c: --help lists the options", optopt);
	die(EXIT_USAGE, "%s is no option, or can be several: --help lists the options", argument);
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	int opt;

	opterr = 0;
	while (true) {
		opt = getopt_long(argc, argv, ":js:w::gcJ::i:hV", long_options, NULL);
		if (opt == '?' || opt == ':')
			refuse_option(opt, argv[optind - 1]);
		if (opt == -1 || take_option(opt, options))
			return opt != -1;
	}
}

static void check_options(const struct options *options, int nr_arguments)
{
	if (nr_arguments > 1)
		die(EXIT_USAGE, "one device at a time, not %d", nr_arguments);
	if (!nr_arguments && (options->screenshot || options->watch || options->token ||
			      options->interface != ANY))
		die(EXIT_USAGE, "name the device: lsvfio without arguments lists them");
	if (options->screenshot && (options->watch || options->json))
		die(EXIT_USAGE, "--screenshot goes with neither --watch nor --json");
}

/* A mapping of a device can go away, as when a BAR is disabled. */
static void on_sigbus(int sig)
{
	static const char message[] = "lsvfio: the display was taken away while it was read\n";

	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(EXIT_DEVICE);
	_exit(EXIT_DEVICE);
}

static void screenshot(const struct handle *h, const char *file)
{
	struct picture picture = take_picture(h);

	write_png(&picture, file);
	free(picture.rgb);
}

static void describe(const struct device *dev, const struct handle *h, bool json)
{
	struct model m;

	read_model(&m, h);
	if (json)
		json_device(dev, &m);
	else
		print_device(dev, &m);
	free_model(&m);
}

static void ask_device(struct device *dev, const struct options *options)
{
	struct handle h;

	open_device(&h, dev, options);
	if (options->screenshot)
		screenshot(&h, options->screenshot);
	else if (options->watch)
		watch_device(dev, &h, options);
	else
		describe(dev, &h, options->json);
	close_device(&h);
}

/* A device must not get the number of stdout if that is closed: output would go to its BARs. */
static void occupy_standard_fds(void)
{
	int fd;

	/* A folder is always there, and cannot be written to, either. */
	for (fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_RDONLY | O_DIRECTORY) != fd)
			die(EXIT_DEVICE, "cannot open /: %s", strerror(errno));
}

static void run(const struct options *options, const char *name)
{
	struct devices all = find_devices();
	struct device *dev = name ? choose_device(&all, name) : NULL;

	find_users(&all);
	if (dev)
		ask_device(dev, options);
	else if (options->json)
		json_list(&all);
	else if (all.nr)
		print_list(&all);
	else
		fputs("lsvfio: no VFIO device: bind one to vfio-pci, or create a mediated one\n",
		      stderr);
	free_devices(&all);
}

int main(int argc, char **argv)
{
	struct options options = { .join_fd = -1 };

	occupy_standard_fds();
	if (!parse_options(argc, argv, &options)) {
		check_options(&options, argc - optind);
		signal(SIGBUS, on_sigbus);
		run(&options, argv[optind]);
	}
	flush_output();
	if (close(STDOUT_FILENO))
		die(EXIT_DEVICE, "cannot write: %s", strerror(errno));
	return 0;
}
