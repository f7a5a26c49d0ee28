# Runs Postfix and Dovecot as configured in the folder $1 until standard input
# ends, which it does with the test, however that ends. Says "ready" once both
# take connections.
PATH=$PATH:/usr/sbin:/sbin
trap : INT TERM
cd "$1" || exit 1
{
  dovecot -c "$1/dovecot.conf" && postfix -c "$1/postfix" start
} </dev/null >log/start.log 2>&1 && echo ready && cat >/dev/null
{
  postfix -c "$1/postfix" stop
  doveadm -c "$1/dovecot.conf" stop
} </dev/null >log/stop.log 2>&1
