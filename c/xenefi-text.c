// SPDX-License-Identifier: MIT
/* GUIDs, attributes and variables as texts: src/guid.ts, src/attributes.ts. xenefi-ctl.c includes it. */
#include "xenefi-words.h"

/* Makes a text one of ASCII, in its own place; other characters become one that stands nowhere. */
static char *ascii_of(struct json_value *value)
{
	char *ascii = (char *)value->text;

	for (size_t i = 0; i < value->units; i++) {
		uint16_t unit = value->text[i];

		ascii[i] = unit > 0 && unit < 0x80 ? (char)unit : '?';
	}
	ascii[value->units] = 0;
	return ascii;
}

/* Reads a GUID's digits or its short name. */
static bool read_guid(const char *text, uint8_t guid[16])
{
	/* The first three groups are little-endian. */
	static const uint8_t order[] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

	for (size_t i = 0; i < sizeof(CORE_GUID_NAMES) / sizeof(*CORE_GUID_NAMES); i++) {
		if (strcasecmp(text, CORE_GUID_NAMES[i]) == 0)
			text = CORE_GUID_TEXTS[i];
	}
	for (int i = 0; i < 16; i++, text += 2) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		if (!hex_bytes(text, 1, &guid[order[i]]))
			return false;
	}
	return *text == 0;
}

/* Bits of "NV+BS+RT", "nv,bs,rt", "0x7" or "7". */
static bool read_attributes(char *text, uint32_t *attributes)
{
	static const char *const letters[] = { "NV", "BS", "RT", "HR", "AW", "AT", "AP", "EA" };
	char *end, *part;

	if (hex_digit(*text) >= 0 && *text <= '9') {
		unsigned long long number = strtoull(text, &end, (text[1] | 0x20) == 'x' ? 16 : 10);

		*attributes = number;
		return *end == 0 && number <= UINT32_MAX;
	}
	for (*attributes = 0; (part = strsep(&text, "+,|")) != NULL;) {
		size_t bit = 0;

		while (bit < 8 && strcasecmp(part, letters[bit]) != 0)
			bit++;
		if (bit == 8)
			return false;
		*attributes |= 1u << bit;
	}
	return true;
}

static bool is_well_formed(const uint16_t *name)
{
	for (; *name != 0; name++) {
		if (*name >> 11 != 0x1b)
			continue;
		if (*name >> 10 != 0x36 || *++name >> 10 != 0x37)
			return false;
	}
	return true;
}

static void put_name(struct json_writer *w, const uint16_t *name)
{
	if (!is_well_formed(name)) {
		json_print(w, "\"nameHex\":\"");
		json_put_hex(w, name, name_bytes_of(name) - 2);
	} else {
		json_print(w, "\"name\":\"");
		for (; *name != 0; name++) {
			uint32_t pair = *name >> 10 == 0x36 ? 0x10000 + ((*name & 0x3ff) << 10 | (name[1] & 0x3ff)) : 0;

			json_put_character(w, pair != 0 ? pair : *name);
			name += pair != 0;
		}
	}
	json_put(w, '"');
}

static void put_variable(struct json_writer *w, const struct xenefi_variable *variable)
{
	const uint8_t *g = variable->guid;

	json_put(w, '{');
	put_name(w, variable->name);
	json_print(w, ",\"guid\":\"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-", g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6],
		   g[8], g[9]);
	json_put_hex(w, g + 10, 6);
	json_print(w, "\",\"attr\":%u,\"data\":\"", variable->attributes);
	json_put_hex(w, variable->data, variable->data_bytes);
	json_print(w, "\"}");
}
