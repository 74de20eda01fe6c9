/**
 * Registers of a device of each shipped profile, as its manual describes them, and the values that they mean. Written by
 * hand from the sources of the profiles, without the code of the driver.
 */

/** Registers from an address on. */
type Run = readonly [address: number, ...words: number[]];

export interface RegisterImage {
  readonly table: 'input' | 'holding';
  /** Largest number of registers in one request, if the manual has one. */
  readonly readMax?: number;
  readonly runs: readonly Run[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** Two registers of an IEEE 754 single, the highest octet first. */
function single(value: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return [view.getUint16(0), view.getUint16(2)];
}

/** Registers of singles, one after the other. */
const singles = (address: number, ...values: number[]): Run => [address, ...values.flatMap(single)];

/** Registers of a text, two characters in each, filled with NUL. */
function text(address: number, value: string, registers: number): Run {
  const codes = [...value.padEnd(registers * 2, '\0')].map((character) => character.charCodeAt(0));
  return [
    address,
    ...Array.from({ length: registers }, (_, at) => (codes[at * 2] ?? 0) * 256 + (codes[at * 2 + 1] ?? 0)),
  ];
}

const EASTRON_ONE_PHASE: readonly Run[] = [
  singles(0x00, 230.5),
  singles(0x06, 4.25),
  singles(0x0c, -979.5),
  singles(0x12, 980.5),
  singles(0x18, -44.25),
  singles(0x1e, -0.998),
  singles(0x46, 49.98, 1234.5, 67.25, 8.5, 9.75),
  singles(0x156, 1301.75, 18.25),
];
const EASTRON_ONE_PHASE_VALUES = {
  voltage: 230.5,
  current: 4.25,
  active_power: -979.5,
  apparent_power: 980.5,
  reactive_power: -44.25,
  power_factor: -0.998,
  frequency: 49.98,
  active_energy_import: 1234.5,
  active_energy_export: 67.25,
  reactive_energy_import: 8.5,
  reactive_energy_export: 9.75,
  active_energy_total: 1301.75,
  reactive_energy_total: 18.25,
};

export const REGISTER_IMAGES: Readonly<Record<string, RegisterImage>> = {
  'eastron-sdm120': { table: 'input', readMax: 60, runs: EASTRON_ONE_PHASE, values: EASTRON_ONE_PHASE_VALUES },
  'eastron-sdm230': {
    table: 'input',
    readMax: 60,
    runs: [...EASTRON_ONE_PHASE, singles(0x24, -2.5)],
    values: { ...EASTRON_ONE_PHASE_VALUES, phase_angle: -2.5 },
  },
  'eastron-sdm630': {
    table: 'input',
    readMax: 60,
    runs: [
      singles(0x00, 229.5, 230.5, 231.5, 1.25, 2.25, 3.25, -286.5, 518.5, 752.25),
      singles(0x12, 287.25, 519.25, 753.25, 20.5, -28.5, 36.5, -0.997, 0.998, 0.999),
      singles(0x30, 6.75),
      singles(0x34, 984.25),
      singles(0x38, 1559.75),
      singles(0x3c, 28.5, 0.631),
      singles(0x46, 50.02, 4321.25, 12.5, 33.25, 44.75),
      singles(0xc8, 398.5, 399.5, 400.5),
      singles(0xe0, 0.75),
      singles(0x156, 4333.75, 78, 1400.25, 1450.5, 1470.5, 4.25, 4.5, 3.75),
    ],
    values: {
      ...{ voltage_l1: 229.5, voltage_l2: 230.5, voltage_l3: 231.5 },
      ...{ current_l1: 1.25, current_l2: 2.25, current_l3: 3.25 },
      ...{ active_power_l1: -286.5, active_power_l2: 518.5, active_power_l3: 752.25 },
      ...{ apparent_power_l1: 287.25, apparent_power_l2: 519.25, apparent_power_l3: 753.25 },
      ...{ reactive_power_l1: 20.5, reactive_power_l2: -28.5, reactive_power_l3: 36.5 },
      ...{ power_factor_l1: -0.997, power_factor_l2: 0.998, power_factor_l3: 0.999 },
      ...{ current_sum: 6.75, active_power: 984.25, apparent_power: 1559.75, reactive_power: 28.5 },
      ...{ power_factor: 0.631, frequency: 50.02, active_energy_import: 4321.25, active_energy_export: 12.5 },
      ...{ reactive_energy_import: 33.25, reactive_energy_export: 44.75 },
      ...{ voltage_l1_l2: 398.5, voltage_l2_l3: 399.5, voltage_l3_l1: 400.5, current_neutral: 0.75 },
      ...{ active_energy_total: 4333.75, reactive_energy_total: 78 },
      ...{ active_energy_import_l1: 1400.25, active_energy_import_l2: 1450.5, active_energy_import_l3: 1470.5 },
      ...{ active_energy_export_l1: 4.25, active_energy_export_l2: 4.5, active_energy_export_l3: 3.75 },
    },
  },
  'abb-b23': {
    table: 'holding',
    runs: [
      // 4 294 967 297 · 0.01 kWh: more than 32 bits; and an energy that the meter does not measure
      [0x5000, 0, 1, 0, 1, 0xffff, 0xffff, 0xffff, 0xffff],
      [0x5460, 0, 0, 1, 0x86a0, 0, 0, 0, 200, 0, 0, 0, 300, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
      // 230.1, 230.2 and not available; 398.6, 398.7, 398.8; 10.01, 10.02, 655.37 A
      [0x5b00, 0, 2301, 0, 2302, 0xffff, 0xffff, 0, 3986, 0, 3987, 0, 3988, 0, 1001, 0, 1002, 1, 1],
      // -1234.56 W, then 1.00 W, -0.01 W and not available
      [0x5b14, 0xfffe, 0x1dc0, 0, 100, 0xffff, 0xffff, 0x7fff, 0xffff],
      [0x5b2c, 4998],
      [0x5b3a, 0xfc19, 999, 1000, 0x7fff],
    ],
    values: {
      ...{ active_energy_import: 42949672.97, active_energy_export: null },
      ...{ active_energy_import_l1: 1000, active_energy_import_l2: 2, active_energy_import_l3: 3 },
      ...{ active_energy_export_l1: 0.01, active_energy_export_l2: 0.02, active_energy_export_l3: 0.03 },
      ...{ voltage_l1: 230.1, voltage_l2: 230.2, voltage_l3: null },
      ...{ voltage_l1_l2: 398.6, voltage_l3_l2: 398.7, voltage_l1_l3: 398.8 },
      ...{ current_l1: 10.01, current_l2: 10.02, current_l3: 655.37 },
      ...{ active_power: -1234.56, active_power_l1: 1, active_power_l2: -0.01, active_power_l3: null },
      ...{ frequency: 49.98, power_factor: -0.999, power_factor_l1: 0.999, power_factor_l2: 1, power_factor_l3: null },
    },
  },
  'schneider-iem3155': {
    table: 'holding',
    runs: [
      singles(2999, 1.5, 2.5, 3.5),
      singles(3009, 2.5),
      singles(3019, 398.5, 399.5, 400.5),
      singles(3027, 229.5, 230.5, 231.5),
      singles(3053, -0.25, 0.5, 0.75, 1),
      singles(3067, -0.125),
      singles(3075, 1.125),
      singles(3109, 50.01),
      // 2^40 Wh, and 5 Wh
      [3203, 0, 0x100, 0, 0, 0, 0, 0, 5],
      [3219, 0, 0, 1, 0, 0, 0, 0, 7],
    ],
    values: {
      ...{ current_l1: 1.5, current_l2: 2.5, current_l3: 3.5, current_average: 2.5 },
      ...{ voltage_l1_l2: 398.5, voltage_l2_l3: 399.5, voltage_l3_l1: 400.5 },
      ...{ voltage_l1: 229.5, voltage_l2: 230.5, voltage_l3: 231.5 },
      ...{ active_power_l1: -0.25, active_power_l2: 0.5, active_power_l3: 0.75, active_power: 1 },
      ...{ reactive_power: -0.125, apparent_power: 1.125, frequency: 50.01 },
      ...{ active_energy_import: 1099511627776, active_energy_export: 5 },
      ...{ reactive_energy_import: 65536, reactive_energy_export: 7 },
    },
  },
  'carlo-gavazzi-em340': {
    table: 'input',
    readMax: 50,
    // the lowest register of a value is first
    runs: [
      [0, 2301, 0, 2302, 0, 0xffff, 0x7fff, 3986, 0, 3987, 0, 3988, 0],
      // 65.537 A, 2 A, 3 A
      [12, 1, 1, 2000, 0, 3000, 0],
      // -0.1 W, -6553.7 W, 100 W
      [18, 0xffff, 0xffff, 0xffff, 0xfffe, 1000, 0],
      [24, 1001, 0, 1002, 0, 1003, 0, 0xfffe, 0xffff, 20, 0, 30, 0],
      [36, 2302, 0, 3987, 0],
      [40, 0xfc18, 0xffff, 3006, 0, 48, 0],
      [46, 0xfc19, 998, 999, 0xffff],
      [51, 499],
      // 6553.7 kWh
      [52, 1, 1, 77, 0],
      [64, 1000, 0, 2000, 0, 3000, 0],
      [78, 55, 0],
    ],
    values: {
      ...{ voltage_l1: 230.1, voltage_l2: 230.2, voltage_l3: null },
      ...{ voltage_l1_l2: 398.6, voltage_l2_l3: 398.7, voltage_l3_l1: 398.8 },
      ...{ current_l1: 65.537, current_l2: 2, current_l3: 3 },
      ...{ active_power_l1: -0.1, active_power_l2: -6553.7, active_power_l3: 100 },
      ...{ apparent_power_l1: 100.1, apparent_power_l2: 100.2, apparent_power_l3: 100.3 },
      ...{ reactive_power_l1: -0.2, reactive_power_l2: 2, reactive_power_l3: 3 },
      ...{ voltage_average: 230.2, voltage_line_average: 398.7 },
      ...{ active_power: -100, apparent_power: 300.6, reactive_power: 4.8 },
      ...{ power_factor_l1: -0.999, power_factor_l2: 0.998, power_factor_l3: 0.999, power_factor: -0.001 },
      ...{ frequency: 49.9, active_energy_import: 6553.7, reactive_energy_import: 7.7 },
      ...{ active_energy_import_l1: 100, active_energy_import_l2: 200, active_energy_import_l3: 300 },
      active_energy_export: 5.5,
    },
  },
  'finder-7e23': {
    table: 'holding',
    readMax: 20,
    // the example of the manual: 13 · 65 536 + 60 383 = 9123.51 kWh
    runs: [
      [27, 13, 60_383, 0, 250],
      [35, 230, 314],
    ],
    values: { active_energy_import: 9123.51, active_energy_export: 2.5, voltage: 230, current: 31.4 },
  },
  'peacefair-pzem016': {
    table: 'input',
    // 220.0 V; 65.537 A; 6553.7 W; 65 537 Wh, the low 16 bits first; 50.0 Hz; 0.98; alarm
    runs: [[0, 2200, 1, 1, 1, 1, 1, 1, 500, 98, 0xffff]],
    values: {
      ...{ voltage: 220, current: 65.537, active_power: 6553.7, active_energy: 65_537 },
      ...{ frequency: 50, power_factor: 0.98, power_alarm: true },
    },
  },
  'sunspec-inverter-103': {
    table: 'holding',
    runs: [
      text(40004, 'Maker', 16),
      text(40020, 'INV-5000', 16),
      text(40044, '1.2.3', 8),
      text(40052, '7E0123AB', 16),
      // model 103 of 50 registers; 12.34 A of -2; the third phase is not implemented
      [40069, 103, 50, 1234, 411, 411, 0xffff, 0xfffe],
      [40076, 3985, 3986, 3987, 2301, 2302, 2303, 0xffff],
      // -500 · 10^1 W; 49.98 Hz
      [40083, 0xfe0c, 1, 4998, 0xfffe, 501, 1, 0xffce, 0, 0xff9d, 0],
      [40093, 1, 0x86a0, 1],
      [40096, 745, 0xfffe, 6789, 0xffff, 5057, 0],
      [40102, 355, 0x8000],
      [40106, 0xffff, 4, 0],
    ],
    values: {
      ...{ manufacturer: 'Maker', model: 'INV-5000', version: '1.2.3', serial_number: '7E0123AB', model_id: 103 },
      ...{ current: 1234, current_l1: 411, current_l2: 411, current_l3: null, current_sf: -2 },
      ...{ voltage_l1_l2: 3985, voltage_l2_l3: 3986, voltage_l3_l1: 3987 },
      ...{ voltage_l1: 2301, voltage_l2: 2302, voltage_l3: 2303, voltage_sf: -1 },
      ...{ active_power: -500, active_power_sf: 1, frequency: 4998, frequency_sf: -2 },
      ...{ apparent_power: 501, apparent_power_sf: 1, reactive_power: -50, reactive_power_sf: 0 },
      ...{ power_factor: -99, power_factor_sf: 0, energy: 100_000, energy_sf: 1 },
      ...{ dc_current: 745, dc_current_sf: -2, dc_voltage: 6789, dc_voltage_sf: -1, dc_power: 5057, dc_power_sf: 0 },
      ...{ cabinet_temperature: 355, heat_sink_temperature: null, temperature_sf: -1 },
      ...{ operating_state: 4, vendor_state: 0 },
    },
  },
  'janitza-umg96rm': {
    table: 'holding',
    runs: [
      singles(19_000, 229.5, 230.5, 231.5, 398.5, 399.5, 400.5, 1.5, 2.5, 3.5, 0.25),
      singles(19_020, -344.25, 576.25, 810.25, 1042.25, 345.25, 577.25, 811.25, 1733.75),
      singles(19_036, -10.5, 11.5, 12.5, 13.5, -0.75, 0.875, 1, 50.02),
      singles(19_062, 1000.5, 2000.5, 3000.5, 6001.5, 10.25, 20.25, 30.25, 60.75),
      singles(19_110, 1.25, 1.5, 1.75, 5.25, 5.5, 5.75),
    ],
    values: {
      ...{ voltage_l1: 229.5, voltage_l2: 230.5, voltage_l3: 231.5 },
      ...{ voltage_l1_l2: 398.5, voltage_l2_l3: 399.5, voltage_l3_l1: 400.5 },
      ...{ current_l1: 1.5, current_l2: 2.5, current_l3: 3.5, current_sum: 0.25 },
      ...{ active_power_l1: -344.25, active_power_l2: 576.25, active_power_l3: 810.25, active_power: 1042.25 },
      ...{ apparent_power_l1: 345.25, apparent_power_l2: 577.25, apparent_power_l3: 811.25, apparent_power: 1733.75 },
      ...{ reactive_power_l1: -10.5, reactive_power_l2: 11.5, reactive_power_l3: 12.5, reactive_power: 13.5 },
      ...{ cos_phi_l1: -0.75, cos_phi_l2: 0.875, cos_phi_l3: 1, frequency: 50.02 },
      ...{ active_energy_import_l1: 1000.5, active_energy_import_l2: 2000.5, active_energy_import_l3: 3000.5 },
      ...{ active_energy_import: 6001.5, active_energy_export: 60.75 },
      ...{ active_energy_export_l1: 10.25, active_energy_export_l2: 20.25, active_energy_export_l3: 30.25 },
      ...{ voltage_thd_l1: 1.25, voltage_thd_l2: 1.5, voltage_thd_l3: 1.75 },
      ...{ current_thd_l1: 5.25, current_thd_l2: 5.5, current_thd_l3: 5.75 },
    },
  },
};
