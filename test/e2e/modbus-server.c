/* A Modbus TCP server by libmodbus on port argv[1] with units 1 and 2 behind it, a hundred registers of each. Registers say
 * where they are. Another unit does not answer (exception 0x0B). Each request numbered by a multiple of argv[2] waits for
 * argv[3] ms, as behind a slow serial line; 0: none. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 100, UNITS = 2, UNIT_AT = 6 };

int main(int argc, char **argv) {
  if (argc != 4) return 64;
  int slow_each = atoi(argv[2]), slow_ms = atoi(argv[3]), requests = 0;
  modbus_t *server = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
  modbus_mapping_t *tables[UNITS];
  for (int unit = 0; unit < UNITS; unit += 1) {
    tables[unit] = modbus_mapping_new(COUNT, COUNT, COUNT, COUNT);
    if (server == NULL || tables[unit] == NULL) return 70;
    for (int at = 0; at < COUNT; at += 1) tables[unit]->tab_registers[at] = (uint16_t)((unit + 1) * 1000 + at);
  }
  int listener = modbus_tcp_listen(server, 1);
  if (listener == -1) {
    fprintf(stderr, "%s\n", modbus_strerror(errno));
    return 69;
  }
  for (;;) {
    if (modbus_tcp_accept(server, &listener) == -1) return 69;
    for (;;) {
      uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
      int length = modbus_receive(server, request);
      if (length == -1) break;
      if (length == 0) continue;
      requests += 1;
      if (slow_each > 0 && requests % slow_each == 0) usleep(1000 * slow_ms);
      int unit = request[UNIT_AT];
      if (unit < 1 || unit > UNITS) modbus_reply_exception(server, request, MODBUS_EXCEPTION_GATEWAY_TARGET);
      else modbus_reply(server, request, length, tables[unit - 1]);
    }
    modbus_close(server);
  }
}
