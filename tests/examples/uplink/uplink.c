#include "uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, ATTEMPTS = 6 };

static const char *const lost[] = {"CLOSED", "+PDP: DEACT", "CONNECT FAIL", "ERROR", "SEND FAIL", "+CME ERROR", NULL};

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            data += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

static void drop(struct uplink *up, size_t count)
{
    memmove(up->unread, up->unread + count, up->held - count);
    up->held -= count;
    up->unread[up->held] = '\0';
}

/* Wait until `wanted` comes: a whole line, the prompt "> ", or "." for a line that is an address. */
static int wait_for(struct uplink *up, const char *wanted)
{
    long end = now_ms() + PATIENCE_MS, left;
    int prompt = strcmp(wanted, "> ") == 0;
    while ((left = end - now_ms()) > 0) {
        char *newline = strstr(up->unread, "\r\n"), *found = prompt ? strstr(up->unread, wanted) : NULL;
        if (found) {
            drop(up, (size_t)(found - up->unread) + 2);
            return 0;
        }
        if (newline) {
            char line[sizeof up->unread];
            size_t length = (size_t)(newline - up->unread);
            memcpy(line, up->unread, length);
            line[length] = '\0';
            drop(up, length + 2);
            for (int i = 0; lost[i]; i++)
                if (strncmp(line, lost[i], strlen(lost[i])) == 0)
                    return -1;
            if (strcmp(line, wanted) == 0 || (strcmp(wanted, ".") == 0 && strchr(line, '.')))
                return 0;
            continue;
        }
        if (up->held == sizeof up->unread - 1)
            drop(up, up->held); /* no line is so long */
        struct pollfd ready = {.fd = up->tty, .events = POLLIN};
        if (poll(&ready, 1, (int)left) > 0) {
            ssize_t got = read(up->tty, up->unread + up->held, sizeof up->unread - 1 - up->held);
            if (got <= 0)
                return -1;
            up->held += (size_t)got;
            up->unread[up->held] = '\0';
        }
    }
    return -1;
}

static int command(struct uplink *up, const char *line, const char *wanted)
{
    if (write_all(up->tty, line, strlen(line)) < 0 || write_all(up->tty, "\r", 1) < 0)
        return -1;
    return wait_for(up, wanted);
}

static int connect_anew(struct uplink *up)
{
    char start[128];
    snprintf(start, sizeof start, "AT+CIPSTART=\"TCP\",\"%s\",%u", up->host, up->port);
    drop(up, up->held);
    if (command(up, "ATE0", "OK") < 0 || command(up, "AT+CIPSHUT", "SHUT OK") < 0 ||
        command(up, "AT+CSTT=\"internet\"", "OK") < 0 || command(up, "AT+CIICR", "OK") < 0 ||
        command(up, "AT+CIFSR", ".") < 0 || command(up, start, "CONNECT OK") < 0)
        return -1;
    up->connected = 1;
    return 0;
}

int uplink_open(struct uplink *up, const char *tty, const char *host, unsigned port)
{
    struct termios settings;
    memset(up, 0, sizeof *up);
    up->host = host;
    up->port = port;
    up->tty = open(tty, O_RDWR | O_NOCTTY);
    if (up->tty < 0 || tcgetattr(up->tty, &settings) < 0)
        return -1;
    cfmakeraw(&settings);
    cfsetspeed(&settings, B115200);
    return tcsetattr(up->tty, TCSANOW, &settings);
}

int uplink_send(struct uplink *up, const char *data, size_t length)
{
    char send[32];
    snprintf(send, sizeof send, "AT+CIPSEND=%zu", length);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if ((up->connected || connect_anew(up) == 0) && command(up, send, "> ") == 0 &&
            write_all(up->tty, data, length) == 0 && wait_for(up, "SEND OK") == 0)
            return 0;
        up->connected = 0;
        usleep(100000u << attempt);
    }
    return -1;
}

void uplink_close(struct uplink *up)
{
    close(up->tty);
}
