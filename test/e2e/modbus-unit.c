/* A Modbus unit by libmodbus on the serial line argv[1]: address 1, a hundred of each. Registers say where they are. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>

enum { ADDRESS = 1, COUNT = 100, BAUD = 115200 };

int main(int argc, char **argv) {
  if (argc != 2) return 64;
  modbus_t *line = modbus_new_rtu(argv[1], BAUD, 'N', 8, 1);
  modbus_mapping_t *tables = modbus_mapping_new(COUNT, COUNT, COUNT, COUNT);
  if (line == NULL || tables == NULL || modbus_set_slave(line, ADDRESS) != 0 || modbus_connect(line) != 0) {
    fprintf(stderr, "%s\n", modbus_strerror(errno));
    return 69;
  }
  modbus_set_error_recovery(line, MODBUS_ERROR_RECOVERY_PROTOCOL);
  for (int at = 0; at < COUNT; at += 1) {
    tables->tab_registers[at] = (uint16_t)(1000 + at);
    tables->tab_input_registers[at] = (uint16_t)(2000 + at);
    tables->tab_input_bits[at] = at % 3 == 0;
  }
  puts("ready");
  fflush(stdout);
  for (;;) {
    uint8_t request[MODBUS_RTU_MAX_ADU_LENGTH];
    int length = modbus_receive(line, request);
    if (length > 0) modbus_reply(line, request, length, tables); /* 0: for another unit; -1: damaged, and flushed */
  }
}
