/* A light that a file switches, such as a pin of a small computer: `cc -o pin pin.c`, `./pin /sys/class/gpio/gpio17/value`.
 * The whole of an instrument program in C, without a library: a request is one line, and its one key names it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path;

/* Writes the pin; 0 if that worked. */
static int pin_write(int on)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return -1;
    int written = fprintf(file, "%d\n", on);
    return fclose(file) != 0 || written < 0 ? -1 : 0;
}

/* Reads the pin: 0 or 1, or -1 if that failed. */
static int pin_read(void)
{
    int on = -1;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%d", &on) != 1)
        on = -1;
    fclose(file);
    return on;
}

static void ok(long id, const char *what) { printf("{\"id\":%ld,\"ok\":{%s}}\n", id, what); }

static void error(long id, const char *why) { printf("{\"id\":%ld,\"error\":\"%s\"}\n", id, why); }

static void answer(const char *line)
{
    const char *number = strstr(line, "\"id\":");
    long id = number ? strtol(number + 5, NULL, 10) : 0;
    if (strstr(line, "\"identify\":"))
        ok(id, "\"protocol\":1,\"model\":\"pin\",\"reads\":[\"on\"]");
    else if (strstr(line, "\"switch\":"))
        pin_write(strstr(line, "\"on\":true") != NULL) == 0 ? ok(id, "") : error(id, "the pin cannot be written");
    else if (strstr(line, "\"make_safe\":"))
        pin_write(0) == 0 ? ok(id, "") : error(id, "the pin cannot be written");
    else if (strstr(line, "\"what\":\"on\"")) {
        int on = pin_read();
        on < 0 ? error(id, "the pin cannot be read") : ok(id, on ? "\"value\":true" : "\"value\":false");
    } else
        error(id, "this program cannot do that");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char line[4096];
    int worked = 0;
    if (argc != 2)
        return fprintf(stderr, "say which file\n"), 2;
    path = argv[1];
    puts("{\"hello\":{\"protocol\":1}}");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        worked |= strstr(line, "\"switch\":") != NULL;
        answer(line);
    }
    return worked ? -pin_write(0) : 0; /* flowtwin has gone: dark */
}
