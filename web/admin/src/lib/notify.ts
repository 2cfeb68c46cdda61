import 'element-plus/es/components/message/style/css'
import { ElMessage } from 'element-plus'
import { describeError } from '@shared/lib/describe_error'

export function notifyDone(message: string): void {
  ElMessage({ message, type: 'success', duration: 2500 })
}

export function notifyProblem(error: unknown): void {
  ElMessage({ message: describeError(error), type: 'error', duration: 6000, showClose: true })
}
