// SPDX-License-Identifier: GPL-2.0-only
#include "line.h"
#include "wire.h"

u8 end_get(const struct end *end, unsigned int reg)
{
	return uart_get(&end->env->dev, end->port, reg);
}

void end_put(const struct end *end, unsigned int reg, u8 val)
{
	uart_put(&end->env->dev, end->port, reg, val);
}

void end_divisor(const struct end *end, u16 divisor)
{
	u8 lcr = end_get(end, UART_LCR);

	end_put(end, UART_LCR, lcr | UART_LCR_DLAB);
	end_put(end, UART_DLL, divisor);
	end_put(end, UART_DLM, divisor >> 8);
	end_put(end, UART_LCR, lcr);
}

void end_send(const struct end *end, const char *bytes)
{
	uart_send(&end->env->dev, end->port, bytes, strlen(bytes));
}

void end_expect(const struct end *end, const char *bytes)
{
	for (; *bytes; bytes++) {
		check(end_get(end, UART_LSR) & UART_LSR_DR);
		check_eq(end_get(end, UART_RX), *bytes);
	}
	check_eq(end_get(end, UART_LSR) & (UART_LSR_DR | LSR_ERRORS), 0);
}

void line_setup(const struct line *l)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		uart_setup(&l->end[i].env->dev, l->end[i].port, UART_FCR_TRIGGER_1);
}

void line_open_far(struct line *l)
{
	vfio_open(&l->far.dev, l->far.mdev.uuid, l->far.door);
}

void line_plug(struct line *l)
{
	const char *type = l->env->model->nr_ports == 1 ? "mtty-2" : "mtty-1";
	struct env *env = l->env, *far = &l->far;

	*far = (struct env){ .door = env->door, .model = model_of(type) };
	far->mdev = mdev_create(type);
	vfio_close(&env->dev);
	wire(&env->mdev, cable(env->model->nr_ports, &far->mdev, far->model->nr_ports).s);
	pace(&env->mdev, l->paced ? "1" : "0");
	pace(&far->mdev, l->paced ? "1" : "0");
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	line_open_far(l);
	l->end[0] = (struct end){ env, env->model->nr_ports - 1 };
	l->end[1] = (struct end){ far, far->model->nr_ports - 1 };
	line_setup(l);
}

static void line_cross(struct line *l)
{
	struct env *env = l->env;

	vfio_close(&env->dev);
	wire(&env->mdev, "crossed");
	pace(&env->mdev, l->paced ? "1" : "0");
	vfio_open(&env->dev, env->mdev.uuid, env->door);
	l->end[0] = (struct end){ env, PORT_1 };
	l->end[1] = (struct end){ env, PORT_2 };
	line_setup(l);
}

static void line_turn(struct line *l)
{
	struct end first = l->end[0];

	l->end[0] = l->end[1];
	l->end[1] = first;
	line_setup(l);
}

bool line_next(struct line *l)
{
	switch (l->nr++) {
	case 0:
		line_plug(l);
		note("cable");
		return true;
	case 2:
		vfio_close(&l->far.dev);
		mdev_remove(&l->far.mdev);
		if (l->env->model->nr_ports == 1)
			return false;
		line_cross(l);
		note("crossed");
		return true;
	case 4:
		return false;
	default:
		line_turn(l);
		return true;
	}
}
