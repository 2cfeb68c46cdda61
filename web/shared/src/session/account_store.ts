// Who is logged in and what they may do.
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, call } from '../api/client'
import {
  clearTokens,
  hasAccessToken,
  mayHaveSession,
  mustChangePassword,
  refreshTokens,
  setTokens,
} from '../api/session'
import type { OwnAccount, Tokens } from '../api/types'
import { chosenLanguage, showLanguage } from '../i18n'

export const useAccountStore = defineStore('account', () => {
  const account = ref<OwnAccount | null>(null)
  const passwordExpired = ref(false)
  const permissions = computed(() => new Set<string>(account.value?.permissions ?? []))

  /** Whether any grant gives the permission; which unit it is for, the server decides. */
  function can(needs: string | string[] | undefined): boolean {
    if (needs === undefined) {
      return true
    }
    return typeof needs === 'string'
      ? permissions.value.has(needs)
      : needs.some((permission) => permissions.value.has(permission))
  }

  async function load(): Promise<void> {
    passwordExpired.value = mustChangePassword()
    if (passwordExpired.value) {
      return
    }
    account.value = await call(api.GET('/api/v1/auth/account'))
    if (chosenLanguage() === null) {
      showLanguage(account.value.language)
    }
  }

  /** Takes up the session that the refresh cookie stands for. False when there is none. */
  async function resume(): Promise<boolean> {
    if (account.value !== null || (passwordExpired.value && hasAccessToken())) {
      return true
    }
    if (!mayHaveSession() || !(await refreshTokens())) {
      return false
    }
    await load()
    return true
  }

  async function accept(tokens: Tokens): Promise<void> {
    setTokens(tokens)
    await load()
  }

  /** The tokens still say that the password is to be changed: ask for new ones. */
  async function acceptNewPassword(): Promise<void> {
    await refreshTokens()
    await load()
  }

  function forget(): void {
    clearTokens()
    account.value = null
    passwordExpired.value = false
  }

  async function signOut(): Promise<void> {
    // A session that is gone already is as good as signed out.
    await call(api.POST('/api/v1/auth/logout', {})).catch(() => undefined)
    forget()
  }

  return {
    account,
    passwordExpired,
    can,
    load,
    resume,
    accept,
    acceptNewPassword,
    forget,
    signOut,
  }
})
