/* The driver's test: five readings arrive at a server on this host, whatever the network does meanwhile.
 * driver_test TTY [HOST]: HOST is how the module reaches this host, where it is not on the same one. */
#include "uplink.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char received[4096] = "";
    size_t held = 0;
    int wrong = 0, server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), client;
    struct uplink up;

    if (argc == 3)
        address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (argc < 2 || argc > 3 || bind(server, (struct sockaddr *)&address, size) < 0 || listen(server, 8) < 0 ||
        getsockname(server, (struct sockaddr *)&address, &size) < 0 ||
        uplink_open(&up, argv[1], argc == 3 ? argv[2] : "127.0.0.1", ntohs(address.sin_port)) < 0) {
        perror("driver_test TTY [HOST]");
        return 99;
    }
    for (int number = 1; number <= 5; number++) {
        char reading[32];
        int length = snprintf(reading, sizeof reading, "reading %d\n", number);
        if (uplink_send(&up, reading, (size_t)length) < 0) {
            fprintf(stderr, "reading %d was not sent\n", number);
            return 1;
        }
    }
    uplink_close(&up);
    while ((client = accept(server, NULL, NULL)) >= 0) { /* what has come waits in the kernel */
        ssize_t got;
        while ((got = recv(client, received + held, sizeof received - 1 - held, MSG_DONTWAIT)) > 0)
            received[held += (size_t)got] = '\0';
        close(client);
    }
    for (int number = 1; number <= 5; number++) {
        char reading[32];
        snprintf(reading, sizeof reading, "reading %d\n", number);
        if (!strstr(received, reading)) {
            fprintf(stderr, "reading %d did not arrive\n", number);
            wrong = 1;
        }
    }
    return wrong;
}
