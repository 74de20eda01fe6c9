/** All commands, in the order of the help. Each command is implemented in a file of its own. */
import type { Command } from 'commander';
import type { Add } from './add-command.ts';
import { addBacklog, addBackup, addMark, addSend } from './control-commands.ts';
import { addConditions, addHealth } from './health-commands.ts';
import { addHistory } from './history-commands.ts';
import { addHub } from './hub-commands.ts';
import { addInit } from './init-command.ts';
import { addLinks } from './link-commands.ts';
import { addProfiles } from './profile-commands.ts';
import { addDeadLetters, addQueues } from './queue-commands.ts';
import { addRecorder } from './recording-commands.ts';
import { addConfig, addHelp, addRunning } from './setup-commands.ts';
import { addFirmware } from './update-commands.ts';

export function addCommands(add: Add, program: Command): void {
  addHealth(add);
  addHistory(add);
  addConditions(add);
  addLinks(add, program);
  addFirmware(add);
  addQueues(add);
  addDeadLetters(add, program);
  addBacklog(add, program);
  addMark(add);
  addBackup(add);
  addSend(add, program);
  addRecorder(add);
  addHub(add, program);
  addInit(add);
  addConfig(add, program);
  addProfiles(add, program);
  addRunning(add);
  addHelp(add, program);
}
