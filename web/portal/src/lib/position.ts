// Where the person is, asked only when something needs it.
import { t } from '@shared/i18n'

const WAIT_MS = 15_000
const RECENT_MS = 60_000

/** Latitude and longitude; an Error says in words why they are not known. */
export function currentPosition(precise = false): Promise<GeolocationCoordinates> {
  return new Promise((resolve, reject) => {
    if (!window.isSecureContext || !('geolocation' in navigator)) {
      reject(new Error(t('position.insecure')))
      return
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve(coords),
      (error) =>
        reject(
          new Error(
            t(error.code === error.PERMISSION_DENIED ? 'position.denied' : 'position.unknown'),
          ),
        ),
      { enableHighAccuracy: precise, timeout: WAIT_MS, maximumAge: precise ? 0 : RECENT_MS },
    )
  })
}
