// Reads QR codes from the camera. The decoder is plain JavaScript: no worker, no WebAssembly, so the
// content security policy stays as narrow as it is.
import decodeQR from 'qr/decode.js'
import { onScopeDispose, ref, type Ref } from 'vue'

export type CameraState = 'off' | 'starting' | 'on' | 'insecure' | 'denied' | 'missing'

// Codes are as large in the picture as people hold them: more pixels would only take longer.
const SIDE_PX = 600
const PAUSE_MS = 120

export interface Camera {
  state: Ref<CameraState>
  start(video: HTMLVideoElement): Promise<void>
  stop(): void
}

function stateOfError(error: unknown): CameraState {
  const name = error instanceof DOMException ? error.name : ''
  return name === 'NotAllowedError' || name === 'SecurityError' ? 'denied' : 'missing'
}

export function useCamera(onText: (text: string) => void): Camera {
  const state = ref<CameraState>('off')
  const canvas = document.createElement('canvas')
  let stream: MediaStream | null = null
  let timer = 0

  function read(video: HTMLVideoElement): string | null {
    const { videoWidth: width, videoHeight: height } = video
    const side = Math.min(width, height)
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (side === 0 || context === null) {
      return null
    }
    canvas.width = Math.min(side, SIDE_PX)
    canvas.height = canvas.width
    // The middle of the picture, which is what the frame on the screen shows.
    const [x, y] = [(width - side) / 2, (height - side) / 2]
    context.drawImage(video, x, y, side, side, 0, 0, canvas.width, canvas.height)
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height))
    } catch {
      // No code in this picture.
      return null
    }
  }

  function look(video: HTMLVideoElement): void {
    const text = read(video)
    if (text !== null) {
      onText(text)
    }
    if (stream !== null) {
      timer = window.setTimeout(() => look(video), PAUSE_MS)
    }
  }

  async function start(video: HTMLVideoElement): Promise<void> {
    stop()
    if (!window.isSecureContext || !navigator.mediaDevices) {
      state.value = 'insecure'
      return
    }
    state.value = 'starting'
    try {
      const opened = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
      })
      // Meanwhile the page may have been left.
      if (state.value !== 'starting') {
        opened.getTracks().forEach((track) => track.stop())
        return
      }
      stream = opened
      video.srcObject = opened
      await video.play()
      state.value = 'on'
      look(video)
    } catch (error) {
      stop()
      state.value = stateOfError(error)
    }
  }

  function stop(): void {
    window.clearTimeout(timer)
    stream?.getTracks().forEach((track) => track.stop())
    stream = null
    state.value = 'off'
  }

  onScopeDispose(stop)
  return { state, start, stop }
}
