import { existsSync, readFileSync } from 'node:fs';
import { serviceUnits } from './needs.mjs';

const policy = '/usr/sbin/policy-rc.d';
const mark = 'Written by the setup of oakestra';

/** Whether the file that keeps services from starting is one that a killed run of ours left behind. */
export function shieldIsUp(path = policy) {
  return existsSync(path) && readFileSync(path, 'utf8').includes(mark);
}

/**
 * A shell script, to be run by root, that installs packages and starts none of their services: Debian's invoke-rc.d asks policy-rc.d before it starts anything.
 * The file is put back as it was whatever happens; only SIGKILL can leave it, and then the next run puts it back.
 * One shell does it all, so that a death of the calling process changes nothing.
 * @param {string[]} packages none: only put policy-rc.d back
 * @param {{policy?: string, lock?: string}} [paths] for tests
 */
export function aptScript(packages, paths = {}) {
  const { policy: file, lock } = { policy, lock: '/run/lock/oakestra-setup-apt', ...paths };
  const install = `apt-get ${aptOptions.join(' ')} install --no-install-recommends`;
  return `set -eu
policy=${file} saved=${file}.before-oakestra
exec 9>${lock}
flock 9
restore() {
  if grep -qs '${mark}' "$policy"; then rm -f "$policy"; fi
  if [ -e "$saved" ]; then mv -f "$saved" "$policy"; fi
}
restore
${packages.length === 0 ? '' : `known() { for unit in ${serviceUnits.join(' ')}; do [ -e "/lib/systemd/system/$unit" ] && echo "$unit"; done; true; }
before=$(known)
trap restore EXIT
trap 'exit 130' INT TERM HUP
if [ -e "$policy" ]; then mv "$policy" "$saved"; fi
printf '#!/bin/sh\\n# ${mark}: no service may start while it installs packages.\\nexit 101\\n' > "$policy"
chmod 755 "$policy"
apt-get ${aptOptions.join(' ')} update
lacking=
# One package that this release does not have must not keep the others away.
${install} ${packages.join(' ')} || for one in ${packages.join(' ')}; do ${install} "$one" || lacking="$lacking $one"; done
if [ -d /run/systemd/system ]; then
  for unit in $(known); do
    case " $(echo $before) " in *" $unit "*) ;; *) systemctl --quiet disable "$unit" || true ;; esac
  done
fi
if [ -n "$lacking" ]; then echo "not installed:$lacking" >&2; exit 1; fi
`}`;
}

/** Another apt may be running: wait for it. A changed configuration file is kept: there is nobody to ask. */
const aptOptions = ['-y', '-q', '-o DPkg::Lock::Timeout=300', '-o Dpkg::Use-Pty=0', '-o Dpkg::Options::=--force-confdef', '-o Dpkg::Options::=--force-confold'];
