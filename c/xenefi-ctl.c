// SPDX-License-Identifier: MIT
/*
 * The back door by one text: those control requests of docs/protocol.md that a machine without boots, fault rules and a log can
 * answer. xenefi.c includes it. A request is read to its end before anything of it happens. It is an object in an object and
 * holds no third, so that no text makes the reader recurse.
 */
#include "xenefi-json.c"
#include "xenefi-text.c"

/* Behind the GUID and before the terminator. */
#define CTL_NAME_UNITS_MAX (CORE_STAGE_BYTES / 2 - 9)

enum ctl_member { CTL_NAME, CTL_GUID, CTL_ATTR, CTL_DATA, CTL_SECONDS, CTL_ADVANCE, CTL_STATES, CTL_MEMBERS = CTL_STATES + 5 };

static const struct {
	const char *name;
	unsigned int kinds;
	const char *wanted;
} ctl_members[CTL_MEMBERS] = {
	{ "name", JSON_TEXT, "text" },
	{ "guid", JSON_TEXT, "text" },
	{ "attr", JSON_TEXT | JSON_INTEGER, "text or an integer" },
	{ "data", JSON_TEXT, "text" },
	{ "seconds", JSON_INTEGER, "an integer" },
	{ "advance", JSON_INTEGER, "an integer" },
	{ "interfaceMatches", JSON_FLAG, "true or false" },
	{ "efiBoot", JSON_FLAG, "true or false" },
	{ "runtimeServices", JSON_FLAG, "true or false" },
	{ "privileged", JSON_FLAG, "true or false" },
	{ "platformOps", JSON_FLAG, "true or false" },
};

/* What holds where the flag of the same place is false. */
static const enum xenefi_state ctl_states[] = { XENEFI_OTHER_INTERFACE, XENEFI_NO_EFI_BOOT, XENEFI_NO_RUNTIME_SERVICES,
						XENEFI_UNPRIVILEGED, XENEFI_NO_PLATFORM_OPS };

struct ctl {
	struct xenefi *x;
	struct json_reader in;
	struct json_writer out;
	/* Offset of the arguments. */
	size_t arguments;
	struct json_value values[CTL_MEMBERS];
	const uint16_t *name;
	uint8_t guid[16];
};

/* Reads name and GUID, which all requests for one variable have. */
static bool ctl_place(struct ctl *c)
{
	struct json_value *name = &c->values[CTL_NAME], *guid = &c->values[CTL_GUID];

	if (name->kind == JSON_NOTHING)
		return json_expected(&c->in, c->arguments, "a name");
	c->name = name->text;
	if (name->units == 0 || name->units > CTL_NAME_UNITS_MAX || name_bytes_of(c->name) != 2 * (name->units + 1))
		return json_expected(&c->in, name->offset, "a name of 1 to %d units without NUL", CTL_NAME_UNITS_MAX);
	memcpy(c->guid, xenefi_global_guid, 16);
	if (guid->kind != JSON_NOTHING && !read_guid(ascii_of(guid), c->guid))
		return json_expected(&c->in, guid->offset, "a GUID (8-4-4-4-12 hexadecimal digits) or its short name");
	return true;
}

static bool ctl_get(struct ctl *c)
{
	struct xenefi_variable variable;

	if (!ctl_place(c))
		return false;
	json_print(&c->out, "{\"variable\":");
	if (xenefi_get_variable(c->x, c->name, c->guid, &variable))
		put_variable(&c->out, &variable);
	else
		json_print(&c->out, "null");
	json_put(&c->out, '}');
	return true;
}

static bool ctl_answer_status(struct ctl *c, int status)
{
	json_put_member(&c->out, "status", CORE_STATUS_NAMES[status]);
	return true;
}

static bool ctl_set(struct ctl *c)
{
	struct json_value *attr = &c->values[CTL_ATTR], *data = &c->values[CTL_DATA];
	struct xenefi_variable earlier = { .attributes = 7 };
	uint32_t attributes = attr->integer;
	char *digits;

	if (!ctl_place(c))
		return false;
	if (attr->kind == JSON_NOTHING) {
		xenefi_get_variable(c->x, c->name, c->guid, &earlier);
		attributes = earlier.attributes;
	} else if (attr->kind == JSON_TEXT ? !read_attributes(ascii_of(attr), &attributes) : attributes != attr->integer) {
		return json_expected(&c->in, attr->offset, "attributes of 32 bits, or of NV, BS, RT, HR, AW, AT, AP, EA");
	}
	if (data->kind == JSON_NOTHING)
		return json_expected(&c->in, c->arguments, "data");
	digits = ascii_of(data);
	if (data->units % 2 != 0 || !hex_bytes(digits, data->units / 2, (uint8_t *)digits))
		return json_expected(&c->in, data->offset, "an even number of hexadecimal digits");
	return ctl_answer_status(c, xenefi_set_variable(c->x, c->name, c->guid, attributes, digits, data->units / 2));
}

static bool ctl_delete(struct ctl *c)
{
	return ctl_place(c) && ctl_answer_status(c, xenefi_set_variable(c->x, c->name, c->guid, 0, NULL, 0));
}

static bool ctl_list(struct ctl *c)
{
	struct xenefi_variable variable;
	uint32_t cursor = 0;

	json_print(&c->out, "{\"variables\":[");
	for (const char *between = ""; xenefi_next_variable(c->x, &cursor, &variable); between = ",") {
		json_print(&c->out, "%s", between);
		put_variable(&c->out, &variable);
	}
	json_print(&c->out, "]}");
	return true;
}

static bool ctl_clock(struct ctl *c)
{
	const struct json_value *seconds = &c->values[CTL_SECONDS], *advance = &c->values[CTL_ADVANCE];
	int64_t now = seconds->kind == JSON_NOTHING ? xenefi_clock(c->x) : seconds->integer;

	if (__builtin_add_overflow(now, advance->integer, &now) || now > JSON_INTEGER_MAX || now < -JSON_INTEGER_MAX)
		return json_expected(&c->in, c->arguments, "a clock that stays within 2^53 - 1 seconds of 1970");
	xenefi_set_clock(c->x, now);
	json_print(&c->out, "{\"seconds\":%lld}", (long long)now);
	return true;
}

static bool ctl_platform(struct ctl *c)
{
	for (int i = 0; i < CTL_MEMBERS - CTL_STATES; i++) {
		const struct json_value *flag = &c->values[CTL_STATES + i];

		if (flag->kind != JSON_NOTHING)
			xenefi_set_state(c->x, ctl_states[i], !flag->integer);
		json_print(&c->out, "%c\"%s\":%s", i == 0 ? '{' : ',', ctl_members[CTL_STATES + i].name,
			   core_u32(c->x, CORE_STATE_ATTENTION) & ctl_states[i] ? "false" : "true");
	}
	json_put(&c->out, '}');
	return true;
}

static bool ctl_reason(struct ctl *c)
{
	json_put_member(&c->out, "reason", CORE_REASON_TEXTS[xenefi_reason(c->x)]);
	return true;
}

static const struct ctl_command {
	const char *name;
	/* The members that its arguments may have. */
	enum ctl_member first, end;
	/* False where what was read is not what it needs; then nothing has happened. */
	bool (*answer)(struct ctl *);
} ctl_commands[] = {
	{ "get", CTL_NAME, CTL_ATTR, ctl_get },
	{ "set", CTL_NAME, CTL_SECONDS, ctl_set },
	{ "delete", CTL_NAME, CTL_ATTR, ctl_delete },
	{ "list", CTL_NAME, CTL_NAME, ctl_list },
	{ "clock", CTL_SECONDS, CTL_STATES, ctl_clock },
	{ "platform", CTL_STATES, CTL_MEMBERS, ctl_platform },
	{ "reason", CTL_NAME, CTL_NAME, ctl_reason },
};

static const struct ctl_command *ctl_read_command(struct ctl *c)
{
	static const char known[] = "one of get, set, delete, list, clock, platform, reason";
	static const char *const absent[] = { "reboot", "inject", "remove", "log" };
	struct json_value key;
	const char *name;

	if (!json_take(&c->in, "{") || !json_read_value(&c->in, JSON_TEXT, known, &key))
		return NULL;
	name = ascii_of(&key);
	for (size_t i = 0; i < sizeof(ctl_commands) / sizeof(*ctl_commands); i++) {
		if (strcmp(name, ctl_commands[i].name) == 0)
			return &ctl_commands[i];
	}
	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++) {
		if (strcmp(name, absent[i]) == 0)
			json_expected(&c->in, key.offset, "%s: %s is not supported in C", known, name);
	}
	if (c->in.error[0] == 0)
		json_expected(&c->in, key.offset, "%s", known);
	return NULL;
}

static bool ctl_read_member(struct ctl *c, const struct ctl_command *command)
{
	struct json_value key;
	const char *name;

	if (!json_read_value(&c->in, JSON_TEXT, "a member's name", &key))
		return false;
	name = ascii_of(&key);
	for (int i = command->first; i < (int)command->end; i++) {
		if (strcmp(name, ctl_members[i].name) != 0)
			continue;
		if (c->values[i].kind != JSON_NOTHING)
			return json_expected(&c->in, key.offset, "%s once", ctl_members[i].name);
		return json_take(&c->in, ":") &&
		       json_read_value(&c->in, ctl_members[i].kinds, ctl_members[i].wanted, &c->values[i]);
	}
	return json_expected(&c->in, key.offset, "a member that %s has", command->name);
}

static bool ctl_answer(struct ctl *c)
{
	const struct ctl_command *command = ctl_read_command(c);

	if (command == NULL || !json_take(&c->in, ":") || !json_take(&c->in, "{"))
		return false;
	c->arguments = c->in.at - 1;
	if (json_next(&c->in) != '}') {
		while (ctl_read_member(c, command) && json_next(&c->in) == ',')
			c->in.at++;
	}
	return c->in.error[0] == 0 && json_take(&c->in, "} or ,") && json_take(&c->in, "}") && json_end(&c->in) && command->answer(c);
}

int xenefi_ctl(struct xenefi *x, const char *json, char *reply, size_t n)
{
	uint16_t *texts = malloc((strlen(json) + 1) * sizeof(*texts));
	struct ctl c = { .x = x, .in = { .json = json, .texts = texts }, .out = { reply, n, 0 } };
	bool done = texts == NULL ? json_expected(&c.in, 0, "a request for which there is memory") : ctl_answer(&c);

	free(texts);
	if (!done)
		json_put_member(&c.out, "error", c.in.error);
	if (n != 0)
		reply[c.out.length < n ? c.out.length : n - 1] = 0;
	return !done ? -1 : c.out.length < n ? 0 : (int)c.out.length + 1;
}
