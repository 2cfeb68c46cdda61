// A long form may be scrolled far from the field that was refused.
import { nextTick } from 'vue'

export async function showFirstError(): Promise<void> {
  await nextTick()
  document.querySelector('.el-form-item.is-error')?.scrollIntoView({ block: 'center' })
}
