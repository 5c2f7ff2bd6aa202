/**
 * Configuration, beside all stages: what a setting is besides its type, and how the schema says so. Pure.
 */
import { z } from "zod";

/** What a setting is besides its type. */
export interface SettingNote {
  /** What stands for the value in the help; `undefined` = the flag alone means `true`. */
  readonly placeholder: string | undefined;
  /** One line of help. */
  readonly says: string;
  /** Whether there is a flag; every setting has an environment variable and a key. */
  readonly flag: boolean;
}

/** The notes of all settings, by their schema. */
export const settingNotes = z.registry<SettingNote>();

/** A setting that has a flag. */
export function flag<Type extends z.ZodType>(type: Type, placeholder: string | undefined, says: string): Type {
  settingNotes.add(type, { placeholder, says, flag: true });
  return type;
}

/** A setting without a flag: there are many of its sort, or the list of processes must not show its value. */
export function unflagged<Type extends z.ZodType>(type: Type, placeholder: string, says: string): Type {
  settingNotes.add(type, { placeholder, says, flag: false });
  return type;
}
