/* A driver for a SIM800: sends readings to a server over TCP, and connects again whenever the link is lost. */
#ifndef UPLINK_H
#define UPLINK_H

#include <stddef.h>

struct uplink {
    int tty;
    const char *host;
    unsigned port;
    int connected;
    char unread[512];
    size_t held;
};

/* Open the port; 0, or -1 with errno. */
int uplink_open(struct uplink *up, const char *tty, const char *host, unsigned port);

/* Send, connecting first where that is needed; 0, or -1 when every attempt has failed. */
int uplink_send(struct uplink *up, const char *data, size_t length);

void uplink_close(struct uplink *up);

#endif
