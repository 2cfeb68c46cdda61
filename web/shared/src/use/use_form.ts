// A form that shows the server's refusals at the fields they belong to.
import { computed, reactive, ref, shallowRef, watch, type Ref } from 'vue'
import { ApiError } from '../api/problem'

export interface UseForm<T extends object> {
  model: T
  /** The server's message for each field. */
  errors: Ref<Record<string, string>>
  /** What could not be shown at a field. */
  problem: Ref<unknown>
  submitting: Ref<boolean>
  dirty: Ref<boolean>
  reset(values?: Partial<T>): void
  /** Runs the action once; true when it succeeded. */
  submit(action: () => Promise<void>): Promise<boolean>
}

export function useForm<T extends object>(initial: () => T, knownFields?: string[]): UseForm<T> {
  const model = reactive(initial()) as T
  const errors = ref<Record<string, string>>({})
  const problem = shallowRef<unknown>(null)
  const submitting = ref(false)
  const clean = ref(JSON.stringify(model))

  // A field that is being corrected no longer shows the refusal of its old value.
  for (const field of Object.keys(model) as (keyof T & string)[]) {
    watch(
      () => model[field],
      () => {
        delete errors.value[field]
      },
      { deep: true },
    )
  }

  function reset(values: Partial<T> = {}): void {
    Object.assign(model, initial(), values)
    errors.value = {}
    problem.value = null
    clean.value = JSON.stringify(model)
  }

  function fail(error: unknown): void {
    problem.value = error
    if (!(error instanceof ApiError) || error.fieldProblems.length === 0) {
      return
    }
    errors.value = error.fields
    const known = new Set(knownFields ?? Object.keys(model))
    if (Object.keys(error.fields).every((field) => known.has(field.split(/[.[]/)[0] ?? field))) {
      problem.value = null
    }
  }

  async function submit(action: () => Promise<void>): Promise<boolean> {
    if (submitting.value) {
      return false
    }
    submitting.value = true
    errors.value = {}
    problem.value = null
    try {
      await action()
      clean.value = JSON.stringify(model)
      return true
    } catch (error) {
      fail(error)
      return false
    } finally {
      submitting.value = false
    }
  }

  const dirty = computed(() => JSON.stringify(model) !== clean.value)
  return { model, errors, problem, submitting, dirty, reset, submit }
}
