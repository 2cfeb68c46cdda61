// Records of service and what they are worth, as the volunteer sees them.
import type { DisputeState, EvidenceGrade, ServiceRecordState } from '@shared/api/types'
import type { Tone } from '@/components/StateTag.vue'

export const RECORD_TONES: Record<ServiceRecordState, Tone> = {
  granted: 'good',
  held: 'warm',
  rejected: 'bad',
  voided: 'quiet',
}

export const DISPUTE_TONES: Record<DisputeState, Tone> = {
  open: 'warm',
  accepted: 'good',
  rejected: 'bad',
  withdrawn: 'quiet',
}

export const GRADE_TONES: Record<EvidenceGrade, Tone> = {
  A: 'good',
  B: 'good',
  C: 'warm',
  D: 'warm',
}

/** Hours as they are typed, such as "2.5", in whole minutes; null when that is no time of service. */
export function minutesOfHours(text: string): number | null {
  if (!/^\d{1,3}([.,]\d{1,2})?$/.test(text.trim())) {
    return null
  }
  const minutes = Math.round(Number(text.trim().replace(',', '.')) * 60)
  return minutes >= 1 && minutes <= 44_640 ? minutes : null
}
