// The server's audit actions and their texts here, compared: the log should read in words.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LANGUAGES, type MessageTree } from '@shared/i18n/define'
import messages from './messages'
import { AUDIT_ACTIONS } from './use_audit_names'

const CONCEPTS = resolve(import.meta.dirname, '../../../../../src/voms')

// Of the same form, but neither actions nor recognised as subjects of messages. A new name that
// fails here is an action: give it texts in messages.ts; or it is not: then it belongs here.
const OTHER = new Set([
  'account.totp', // what a secret is encrypted for
  'attendance_device.key', // likewise
  'unit.admin', // a demonstration login
  'notice.remind', // a schedule
])

/** The notices name what other concepts publish: of them only their own names count. */
function ownNames(folder: string, text: string): string {
  return folder.endsWith('/notice') ? text.replaceAll(/"(?!notice)[a-z_]+\.[a-z_]+"/g, '""') : text
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      return sources(path)
    }
    const wanted = entry.name.endsWith('.c') && !entry.name.endsWith('_test.c')
    return wanted ? [ownNames(folder, readFileSync(path, 'utf8'))] : []
  })
}

const texts = sources(CONCEPTS)
const OBJECT_TYPE = /\.object_type\s*=\s*"([a-z_]+)"/g
// What is published: by a call, or from a table by state.
const SUBJECT_PLACES = /\w*publish\w*\([^;]*;|\[[A-Z_]+\]\s*=\s*"[a-z_.]+"/g

function found(pattern: RegExp): Set<string> {
  return new Set(
    texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')),
  )
}

/** What looks like an action and is not a message's subject. */
function actions(): string[] {
  const objects = new Set([...readdirSync(CONCEPTS), ...found(OBJECT_TYPE)])
  const subjects = found(/\.subject\s*=\s*"([a-z_.]+)"/g)
  const names = texts
    .map((text) => text.replaceAll(SUBJECT_PLACES, ''))
    .flatMap((text) => [...text.matchAll(/"([a-z_]+)\.([a-z_]+)"/g)])
    .filter((match) => objects.has(match[1] ?? ''))
    .map((match) => `${match[1]}.${match[2]}`)
    .filter((name) => !subjects.has(name) && !OTHER.has(name))
  return [...new Set(names)].sort()
}

function keys(names: Iterable<string>): string[] {
  return [...names].map((name) => name.replaceAll('.', '_'))
}

describe('the audit log', () => {
  const written = actions()

  it('is read from the sources at all', () => {
    expect(written).toContain('volunteer.reveal')
    expect(written).toContain('account.disable')
    expect(written.length).toBeGreaterThan(40)
  })

  it.each(LANGUAGES)('has a text for every action (%s)', (language) => {
    const known = messages[language].actions as MessageTree
    expect(keys(written).filter((key) => !known[key])).toEqual([])
  })

  it('can be filtered by every action', () => {
    expect(written.filter((action) => !AUDIT_ACTIONS.includes(action))).toEqual([])
  })

  it.each(LANGUAGES)('has a text for every kind of object (%s)', (language) => {
    const known = messages[language].objects as MessageTree
    expect(keys(found(OBJECT_TYPE)).filter((key) => !known[key])).toEqual([])
  })
})
