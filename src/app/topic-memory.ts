/** Memory of the topics with retained messages of the gateway, in the state directory. */
import type { Journal } from '../io/journal.ts';
import { readRetainedTopics, storeRetainedTopics } from '../io/retained-topics.ts';
import type { TopicMemory } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';

const CONSEQUENCE = 'a topic that is removed from the configuration may keep its retained message at the hub';

export function topicMemory(stateDir: string, mailbox: Mailbox, journal: Pick<Journal, 'warn'>): TopicMemory {
  const { topics, problem } = readRetainedTopics(stateDir);
  if (problem !== undefined) journal.warn(`the file of retained topics ${problem}: ${CONSEQUENCE}`);
  return {
    topics,
    keep: (wanted, done) => {
      const stored = storeRetainedTopics(stateDir, wanted).catch((error: Error) =>
        journal.warn(`the retained topics cannot be stored: ${CONSEQUENCE}`, { reason: error.message }),
      );
      void stored.then(() => mailbox.post(done));
    },
  };
}
