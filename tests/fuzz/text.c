// SPDX-License-Identifier: GPL-2.0-only
/* Steps as lines of text, printed and parsed: "read dev=mtty-2 region=7 off=0xff len=2". */
#include "fuzz.h"

static bool names_device(const struct op *op, unsigned int i)
{
	return !strcmp(op->arg[i].name, "dev");
}

void step_print(FILE *file, const struct step *step)
{
	const struct op *op = step->op;
	unsigned int i;

	fputs(op->name, file);
	for (i = 0; i < MAX_ARGS && op->arg[i].name; i++)
		if (names_device(op, i))
			fprintf(file, " dev=%s", kind(step->arg[i])->type);
		else
			fprintf(file, step->arg[i] < 16 ? " %s=%llu" : " %s=%#llx",
				op->arg[i].name, step->arg[i]);
	fputc('\n', file);
}

static bool parse_value(const struct op *op, unsigned int i, const char *val, u64 *to)
{
	size_t len = strcspn(val, " \t\n");
	char *end;

	if (!names_device(op, i)) {
		*to = strtoll(val, &end, 0);
		if (*val != '-')
			*to = strtoull(val, &end, 0);
		return len && end == val + len;
	}
	*to = kind_named(val, len);
	return *to < NR_KINDS;
}

/* "name arg=value ...", what is left out is 0; "#" starts a comment. */
int step_parse(const char *line, struct step *step)
{
	const char *c = line + strspn(line, " \t\n");
	size_t len = strcspn(c, " \t\n");
	unsigned int i;

	memset(step, 0, sizeof(*step));
	if (!len || *c == '#')
		return 0;
	step->op = op_named(c, len);
	if (!step->op) {
		fprintf(stderr, "fuzz: no step is called '%.*s'\n", (int)len, c);
		return -EINVAL;
	}

	for (c += len; c += strspn(c, " \t\n"), *c && *c != '#'; c += strcspn(c, " \t\n")) {
		len = strcspn(c, "= \t\n");
		for (i = 0; i < MAX_ARGS && step->op->arg[i].name; i++)
			if (strlen(step->op->arg[i].name) == len &&
			    !memcmp(step->op->arg[i].name, c, len))
				break;
		if (i == MAX_ARGS || !step->op->arg[i].name || c[len] != '=' ||
		    !parse_value(step->op, i, c + len + 1, &step->arg[i])) {
			fprintf(stderr, "fuzz: '%s' does not take '%.*s'\n", step->op->name,
				(int)strcspn(c, " \t\n"), c);
			return -EINVAL;
		}
	}
	return 0;
}
