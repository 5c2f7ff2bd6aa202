/**
 * The web client's views: making a chat.
 */
import { useState } from "preact/hooks";
import type { User } from "../../sdk/index.ts";
import { useApp } from "./context.ts";
import { Field, Form, textIn, useDoing } from "./field.tsx";
import { Modal } from "./modal.tsx";
import { PeoplePicker } from "./people-picker.tsx";

/** The dialog. Of one other without a name it makes the direct chat. */
export function NewChat({ close }: { readonly close: () => void }) {
  const app = useApp();
  const doing = useDoing();
  const [people, setPeople] = useState<readonly User[]>([]);
  const mayBeDirect = people.length === 1;
  const submit = async (fields: FormData): Promise<void> => {
    await app.makeChat(
      textIn(fields, "name").trim(),
      people.map(({ id }) => id),
    );
    close();
  };
  return (
    <Modal title="New chat" close={close}>
      <Form doing={doing} button="Create chat" submit={submit}>
        <PeoplePicker
          label="People"
          chosen={people}
          without={[app.store.me.value?.id ?? ""]}
          choose={setPeople}
          focus
        />
        <Field
          label="Name"
          name="name"
          maxLength={128}
          isRequired={!mayBeDirect}
          hint={mayBeDirect ? "Without a name it is the direct chat of you two." : "What the chat is called."}
        />
      </Form>
    </Modal>
  );
}
