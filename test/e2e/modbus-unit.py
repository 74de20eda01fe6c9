"""A Modbus unit by pymodbus 3.0 on the serial line argv[1]: address 1, a hundred of each. Registers say where they are."""
import asyncio
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server import StartAsyncSerialServer
from pymodbus.transaction import ModbusRtuFramer

COUNT = 100


async def main(path):
    tables = ModbusSlaveContext(
        di=ModbusSequentialDataBlock(0, [at % 3 == 0 for at in range(COUNT)]),
        co=ModbusSequentialDataBlock(0, [False] * COUNT),
        hr=ModbusSequentialDataBlock(0, [1000 + at for at in range(COUNT)]),
        ir=ModbusSequentialDataBlock(0, [2000 + at for at in range(COUNT)]),
        zero_mode=True,
    )
    context = ModbusServerContext(slaves={1: tables}, single=False)
    names = {0x00: "Example Works", 0x01: "PM-7", 0x02: "2.13"}
    server = await StartAsyncSerialServer(
        context, identity=ModbusDeviceIdentification(info=names), framer=ModbusRtuFramer, port=path, baudrate=115200, ignore_missing_slaves=True, defer_start=True
    )
    await server.start()
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1]))
