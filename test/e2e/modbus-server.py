"""A Modbus TCP server by pymodbus 3.0 on port argv[1] with units 1 and 2 behind it, a hundred registers of each. Registers
say where they are. Each read numbered by a multiple of argv[2] waits for
argv[3] ms, as behind a slow serial line; 0: none."""
import asyncio
import sys
import time

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer

COUNT = 100
reads = 0


class Slow(ModbusSlaveContext):
    def getValues(self, *place):
        global reads
        reads += 1
        if SLOW_EACH > 0 and reads % SLOW_EACH == 0:
            time.sleep(SLOW_MS / 1000)
        return super().getValues(*place)


def tables(unit):
    bits = ModbusSequentialDataBlock(0, [False] * COUNT)
    words = ModbusSequentialDataBlock(0, [unit * 1000 + at for at in range(COUNT)])
    return Slow(di=bits, co=bits, hr=words, ir=words, zero_mode=True)


async def main(port):
    context = ModbusServerContext(slaves={unit: tables(unit) for unit in (1, 2)}, single=False)
    server = await StartAsyncTcpServer(context, address=("127.0.0.1", port), allow_reuse_address=True, defer_start=True)
    await server.serve_forever()


SLOW_EACH, SLOW_MS = int(sys.argv[2]), int(sys.argv[3])
asyncio.run(main(int(sys.argv[1])))
