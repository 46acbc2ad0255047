// SPDX-License-Identifier: MIT
/* JSON as the control requests need it: texts, integers, true and false, read one by one; and replies. xenefi-ctl.c includes it. */

#define JSON_INTEGER_MAX 0x1fffffffffffff

enum json_kind { JSON_NOTHING = 0, JSON_TEXT = 1, JSON_INTEGER = 2, JSON_FLAG = 4 };

struct json_value {
	enum json_kind kind;
	size_t offset;
	/* UCS-2 with a terminator behind its `units`. */
	uint16_t *text;
	size_t units;
	/* Also 1 for true and 0 for false. */
	int64_t integer;
};

struct json_reader {
	const char *json;
	size_t at;
	/* Where texts go: none has more units, terminator included, than its JSON has bytes. */
	uint16_t *texts;
	/* What was wrong first. */
	char error[200];
};

__attribute__((format(printf, 3, 4))) static bool json_expected(struct json_reader *r, size_t offset, const char *format, ...)
{
	int head = snprintf(r->error, sizeof(r->error), "offset %zu: expected ", offset);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(r->error + head, sizeof(r->error) - head, format, arguments);
	va_end(arguments);
	return false;
}

static char json_next(struct json_reader *r)
{
	r->at += strspn(r->json + r->at, " \t\n\r");
	return r->json[r->at];
}

/* Takes the first character of `wanted`, which says what could stand there. */
static bool json_take(struct json_reader *r, const char *wanted)
{
	if (json_next(r) != *wanted)
		return json_expected(r, r->at, "%s", wanted);
	r->at++;
	return true;
}

static bool json_end(struct json_reader *r)
{
	return json_next(r) == 0 || json_expected(r, r->at, "the end");
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Fewer digits than 2 * `bytes` are not enough; what follows is not looked at. */
static bool hex_bytes(const char *digits, size_t bytes, uint8_t *to)
{
	for (size_t i = 0; i < bytes; i++) {
		int high = hex_digit(digits[2 * i]);
		int low = high < 0 ? -1 : hex_digit(digits[2 * i + 1]);

		if (low < 0)
			return false;
		to[i] = high << 4 | low;
	}
	return true;
}

static bool json_read_escape(struct json_reader *r)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *escape = r->json + r->at + 1;
	const char *letter = *escape == 0 ? NULL : strchr(letters, *escape);
	uint8_t unit[2];

	if (letter != NULL)
		*r->texts++ = meant[letter - letters];
	else if (*escape == 'u' && hex_bytes(escape + 1, 2, unit))
		*r->texts++ = unit[0] << 8 | unit[1];
	else
		return json_expected(r, r->at, "one of the escapes %s, or u and four hexadecimal digits", letters);
	r->at += letter != NULL ? 2 : 6;
	return true;
}

/* One character of UTF-8, which is none where it is longer than need be, a surrogate or beyond U+10FFFF. */
static bool json_read_character(struct json_reader *r)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const uint8_t *from = (const uint8_t *)r->json + r->at;
	int more = *from < 0x80 ? 0 : *from >> 5 == 6 ? 1 : *from >> 4 == 14 ? 2 : *from >> 3 == 30 ? 3 : -1;
	uint32_t character = more > 0 ? *from & (0x3f >> more) : *from;

	if (*from < 0x20)
		return json_expected(r, r->at, "a character or \" in text");
	for (int i = 1; i <= more; i++) {
		if (from[i] >> 6 != 2)
			return json_expected(r, r->at, "UTF-8");
		character = character << 6 | (from[i] & 0x3f);
	}
	if (more < 0 || character < least[more] || character > 0x10ffff || character >> 11 == 0x1b)
		return json_expected(r, r->at, "UTF-8");
	if (character > 0xffff)
		*r->texts++ = 0xd7c0 + (character >> 10);
	*r->texts++ = character > 0xffff ? 0xdc00 | (character & 0x3ff) : character;
	r->at += more + 1;
	return true;
}

static bool json_read_text(struct json_reader *r, struct json_value *value)
{
	value->text = r->texts;
	r->at++;
	while (r->json[r->at] != '"') {
		if (!(r->json[r->at] == '\\' ? json_read_escape(r) : json_read_character(r)))
			return false;
	}
	r->at++;
	value->units = r->texts - value->text;
	*r->texts++ = 0;
	return true;
}

static bool json_read_integer(struct json_reader *r, struct json_value *value)
{
	const char *from = r->json + r->at, *digits = from + (*from == '-');
	size_t count = strspn(digits, "0123456789");

	/* The nearest that there is of one that does not fit. */
	value->integer = strtoll(from, NULL, 10);
	if (count == 0 || (count > 1 && *digits == '0') || strspn(digits + count, ".eE") != 0 ||
	    value->integer > JSON_INTEGER_MAX || value->integer < -JSON_INTEGER_MAX)
		return json_expected(r, r->at, "an integer of at most 2^53 - 1 in size");
	r->at = digits + count - r->json;
	return true;
}

static enum json_kind json_next_kind(struct json_reader *r)
{
	char first = json_next(r);
	const char *from = r->json + r->at;

	if (first == '"')
		return JSON_TEXT;
	if (first == '-' || (first >= '0' && first <= '9'))
		return JSON_INTEGER;
	return strncmp(from, "true", 4) == 0 || strncmp(from, "false", 5) == 0 ? JSON_FLAG : JSON_NOTHING;
}

/* Reads a value of one of `kinds`; `wanted` says which they are. */
static bool json_read_value(struct json_reader *r, unsigned int kinds, const char *wanted, struct json_value *value)
{
	value->kind = json_next_kind(r);
	value->offset = r->at;
	if (!(value->kind & kinds))
		return json_expected(r, r->at, "%s", wanted);
	if (value->kind == JSON_TEXT)
		return json_read_text(r, value);
	if (value->kind == JSON_INTEGER)
		return json_read_integer(r, value);
	value->integer = r->json[r->at] == 't';
	r->at += value->integer ? 4 : 5;
	return true;
}

/* What does not fit is counted and left out. The terminator comes last, over the last byte if need be. */
struct json_writer {
	char *to;
	size_t room, length;
};

static void json_put(struct json_writer *w, char byte)
{
	if (w->length < w->room)
		w->to[w->length] = byte;
	w->length++;
}

__attribute__((format(printf, 2, 3))) static void json_print(struct json_writer *w, const char *format, ...)
{
	char text[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (const char *byte = text; *byte != 0; byte++)
		json_put(w, *byte);
}

static void json_put_hex(struct json_writer *w, const void *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (const uint8_t *byte = bytes; count > 0; count--, byte++) {
		json_put(w, digits[*byte >> 4]);
		json_put(w, digits[*byte & 0xf]);
	}
}

/* A character within a text, as UTF-8. */
static void json_put_character(struct json_writer *w, uint32_t character)
{
	int more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	if (character < 0x20) {
		json_print(w, "\\u%04x", character);
		return;
	}
	if (character == '"' || character == '\\')
		json_put(w, '\\');
	json_put(w, lead[more] | character >> 6 * more);
	while (more-- > 0)
		json_put(w, 0x80 | (character >> 6 * more & 0x3f));
}

/* An object of one member, a text of ASCII. */
static void json_put_member(struct json_writer *w, const char *name, const char *text)
{
	json_print(w, "{\"%s\":\"", name);
	for (; *text != 0; text++)
		json_put_character(w, *text);
	json_print(w, "\"}");
}
