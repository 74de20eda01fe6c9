/**
 * Evidence of the machine under a store (`base/machine-identity.ts`). Only hashes leave this file: machine-id(5) asks for
 * that, and addresses and serial numbers are not needed.
 *
 * Sources: the kernel's devicetree ABI (`serial-number` of the board), sysfs-class-net (`addr_assign_type` 0: the address
 * is permanent, so it is not one of a privacy setting), and for the medium `cid` of MMC and SD (mmc-dev-attrs.rst), `wwid`
 * of SCSI and NVMe, and `serial` of virtio disks.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { EVIDENCE, type EvidenceKind, type MachineEvidence } from '../base/machine-identity.ts';
import { kernelNamesIn, kernelTextOf } from './kernel-file.ts';
import { mediumUnder } from './storage-medium.ts';

/** Folders to read. Other ones in tests only. */
export interface EvidenceRoots {
  readonly proc: string;
  readonly sys: string;
  readonly etc: string;
}

export const EVIDENCE_ROOTS: EvidenceRoots = { proc: '/proc', sys: '/sys', etc: '/etc' };

const HASH_CHARACTERS = 16;
/** Largest number of adapters that are kept. */
const ADAPTERS_MAX = 8;
/** A serial number or an address of zeros, or of ones, was not set by the manufacturer. */
const NOT_SET = /^[0\s:]*$|^[f\s:]*$/i;
const MEDIUM_FILES = ['device/cid', 'wwid', 'device/wwid', 'serial', 'device/serial'];

/** @param path of the store, or of its folder */
export function readMachineEvidence(path: string, roots: EvidenceRoots = EVIDENCE_ROOTS): MachineEvidence {
  return {
    board: hashed('board', kernelTextOf(join(roots.proc, 'device-tree/serial-number'))),
    medium: hashed('medium', mediumIdentity(path, roots.sys)),
    machineId: hashed('machineId', kernelTextOf(join(roots.etc, 'machine-id'))),
    adapters: adaptersIn(join(roots.sys, 'class/net')),
  };
}

function mediumIdentity(path: string, sys: string): string {
  const medium = mediumUnder(path, sys);
  if (medium === undefined) return '';
  const texts = MEDIUM_FILES.map((file) => kernelTextOf(join(medium.folder, file)).trim());
  return texts.find((text) => text !== '') ?? '';
}

/** Hashes of the permanent addresses of adapters that are hardware: these have a device. */
function adaptersIn(folder: string): string {
  const addresses = kernelNamesIn(folder)
    .map((name) => join(folder, name))
    .filter((adapter) => kernelNamesIn(join(adapter, 'device')).length > 0)
    .filter((adapter) => kernelTextOf(join(adapter, 'addr_assign_type')).trim() === '0')
    .map((adapter) => hashed('adapters', kernelTextOf(join(adapter, 'address'))));
  const known = new Set(addresses.filter((address) => address !== ''));
  return [...known].toSorted().slice(0, ADAPTERS_MAX).join(' ');
}

/** Hash of a value; '' if it is missing. Texts of the device tree end with a NUL. */
function hashed(kind: EvidenceKind, text: string): string {
  const value = text.replaceAll('\0', '').trim();
  if (NOT_SET.test(value) || value === 'uninitialized') return '';
  const hash = createHash('sha256').update(`holdfast ${EVIDENCE[kind]} ${value}`).digest('hex');
  return hash.slice(0, HASH_CHARACTERS);
}
