import { expect, it } from 'vitest';
import { adminCommandsFor } from '../../../src/app/admin-commands.ts';
import type { Gateway } from '../../../src/app/gateway.ts';
import { newFacts } from '../../../src/base/events.ts';
import type { Letters, LettersDone } from '../../../src/flow/dead-letters.ts';

function commandsOn(outcome: LettersDone) {
  const asked: Letters[] = [];
  const act = async (letters: Letters): Promise<LettersDone> => {
    asked.push(letters);
    return outcome;
  };
  const facts = newFacts();
  const actions: object[] = [];
  facts.on('operatorActed', (fact) => actions.push(fact));
  const gateway = { deadLetters: { retry: act, drop: act }, parts: { facts } } as unknown as Gateway;
  return { asked, actions, commands: adminCommandsFor(gateway) };
}

it.each([
  {},
  { letters: [] },
  { letters: [1.5] },
  { letters: ['1'] },
  { letters: 'some' },
  { letters: Array(1001).fill(1) },
])('a dead letter request without letters is rejected before the store is read', async (body) => {
  const { asked, commands } = commandsOn({ done: 1, stopped: undefined });
  for (const name of ['dead-letters.retry', 'dead-letters.drop'])
    await expect(commands[name]?.(body)).rejects.toMatchObject({ code: 'command-rejected' });
  expect(asked).toEqual([]);
});

it('a dead letter request reports how many letters were handled, and is rejected if none was', async () => {
  const { asked, commands } = commandsOn({ done: 2, stopped: 'the outbox has no room' });
  const answer = { done: 2, stopped: 'the outbox has no room' };
  expect(await commands['dead-letters.retry']?.({ letters: [7, 8, 9] })).toEqual(answer);
  expect(await commands['dead-letters.drop']?.({ letters: 'all' })).toEqual(answer);
  expect(asked).toEqual([[7, 8, 9], 'all']);
  const nothing = commandsOn({ done: 0, stopped: 'there is no dead letter 7' }).commands;
  await expect(nothing['dead-letters.drop']?.({ letters: [7] })).rejects.toThrow('there is no dead letter 7');
});

it('a command that changed something is reported as an action of an operator, and a rejected one is not', async () => {
  const { actions, commands } = commandsOn({ done: 5, stopped: undefined });
  await commands['dead-letters.retry']?.({ letters: [7, 8, 9, 10, 11] });
  await commands['dead-letters.drop']?.({ letters: 'all' });
  await expect(commands['dead-letters.drop']?.({})).rejects.toThrow('Missing');
  expect(actions).toEqual([
    { action: 'dead-letters retry', subject: '7, 8, 9, 10 and 1 more', detail: '5 dead letters' },
    { action: 'dead-letters drop', subject: 'all', detail: '5 dead letters' },
  ]);
});
