#!/usr/bin/env bash
# Installs what the tests need and the machine lacks: a PostgreSQL server,
# headless Chromium, a C compiler for the race detector, to send through a real
# mail server Postfix, Dovecot and a DKIM verifier in Perl, and to judge mails
# SpamAssassin, Java and Node with the packages of .ci/validators. It uses apt-get
# when run as root and otherwise says what to install.
set -eu
cd "$(dirname "$0")"

# The judges of mails come from the npm registry, in the versions of the lock.
install_validators() {
  cmp -s validators/package-lock.json validators/node_modules/.installed && return
  (cd validators && npm ci --ignore-scripts --no-audit --no-fund --silent)
  cp validators/package-lock.json validators/node_modules/.installed
}

missing=()
[ -n "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || command -v initdb >/dev/null || missing+=(postgresql)
command -v chromium >/dev/null || missing+=(chromium)
command -v gcc >/dev/null || missing+=(gcc libc6-dev)
[ -x /usr/sbin/postfix ] || missing+=(postfix)
[ -x /usr/lib/dovecot/imap ] || missing+=(dovecot-imapd)
[ -x /usr/lib/dovecot/lmtp ] || missing+=(dovecot-lmtpd)
perl -MMail::DKIM -e 1 2>/dev/null || missing+=(libmail-dkim-perl)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v java >/dev/null || missing+=(default-jre-headless)
command -v spamassassin >/dev/null || missing+=(spamassassin)
if [ ${#missing[@]} -eq 0 ]; then
  install_validators
  exit
fi

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "the tests need: ${missing[*]} (Debian's names). Install them and run make test again." >&2
  exit 1
fi
# The tests start servers of their own, so those of the packages stay down, now
# and, as far as Postfix goes, off the network after the next boot too.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
case " ${missing[*]} " in
  *" postfix "*) echo "postfix postfix/main_mailer_type select Local only" | debconf-set-selections ;;
esac
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
install_validators
