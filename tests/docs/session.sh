# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # run.sh and the pages share variables
#
# What the files of pages/ are written in. Such a file is sourced in a shell of its own,
# in which the blocks of the page run one after the other: folder and variables stay. It
# has nothing but functions and these words at the beginning of a line:
#
#   run 'FIRST LINE'            run the block in a VM, as it is
#   build 'FIRST LINE' [dkms]   run it where the tree is built and installed; apart, as
#                               that takes long
#   left 'FIRST LINE' by STEP   that step of ci/check runs it
#   left 'FIRST LINE' because 'REASON'
#                               nothing runs it
#   given 'COMMAND'             what a reader has done before, or does in between
#   let_be WORD VALUE [PART]    the word that stands for something of the reader's, in the
#                               commands that have PART in them
#   at '# COMMENT' FUNCTION     that comment in a block stands for something to be done
#   before PART FUNCTION        something to be done before the first command with PART in it
#   check 'SENTENCE' COMMAND... a test of its own, in the VM
#   built 'SENTENCE' COMMAND... the same about what was built
#   lacking 'REASON' PART...    commands and tests that have one of these PARTs in them are
#                               skipped: what they need is not in the machine
#
# Each command of a block has to succeed. In its comment, "prints TEXT" is compared
# with what it prints, and "fails: TEXT" makes it one that has to fail so.
# Names that begin with _ are of this file, all others of the page.

_number=0 _failed=0 _builds=0 _printed=''
declare -A _comments=() _befores=() _lacks=()
_words=() _values=() _parts=()

_ok() {
	printf 'ok - %s: %s\n' "$_page" "$1"
}

_not_ok() { # TEXT [FILE WITH WHAT IT SAID]
	printf 'not ok - %s: %s\n' "$_page" "$1"
	[[ $# -lt 2 ]] || sed 's/^/    /' "$2"
	_failed=1
}

# Is it one that is to be skipped? If so, says so.
_is_lacking() { # COMMAND NAME
	local _part

	for _part in "${!_lacks[@]}"; do
		[[ $1 == *"$_part"* ]] || continue
		printf 'skipped %s: %s: %s\n' "$_page" "$2" "${_lacks[$_part]}"
		return
	done
	return 1
}

# Sets _file to the next block of the page.
_next() { # PART OF ITS FIRST LINE
	local _first

	printf -v _file '%s/%02d' "$_blocks" $((_number += 1))
	if ! read -r _first <"$_file" 2>/dev/null || [[ $_first != *"$1"* ]]; then
		_not_ok "block $_number has '$1' in its first line (make htmldocs says what to do)"
		exit 1
	fi
}

run() {
	_next "$1"
	[[ $_place != vm ]] || _execute
}

build() {
	_next "$1"
	_builds=0
	[[ $_place == "${2:-build}" ]] || return 0
	_builds=1
	_execute
}

left() {
	_next "$1"
}

given() {
	[[ $_place == vm ]] && ! _is_lacking "$1" "given: $1" || return 0
	eval "$1" </dev/null >"$_scratch/given" 2>&1 ||
		_not_ok "given: $1" "$_scratch/given"
}

let_be() {
	_words+=("$1") _values+=("$2") _parts+=("${3-}")
}

at() {
	_comments[$1]=$2
}

before() {
	_befores[$1]=$2
}

lacking() { # REASON PART...
	local _part

	for _part in "${@:2}"; do
		_lacks[$_part]=$1
	done
}

check() {
	[[ $_place != vm ]] || _is_lacking "$1" "$1" || _check "$@"
}

built() {
	((!_builds)) || _check "$@"
}

_check() { # SENTENCE COMMAND...
	if "${@:2}" </dev/null >"$_scratch/check" 2>&1; then
		_ok "$1"
	else
		_not_ok "$1" "$_scratch/check"
	fi
}

# The last line that the last command printed.
printed() {
	tail -n 1 <<<"$_printed"
}

it_said() { # TEXT
	[[ $_printed == *"$1"* ]]
}

# Prints a command with words of the reader's in the place of those of the text.
# What was let be last counts. $UUID is a variable, and UUID= sets one.
_fill_in() { # COMMAND
	local text=$1 i

	for ((i = ${#_words[@]} - 1; i >= 0; i--)); do
		[[ $1 == *"${_parts[i]}"* ]] || continue
		text=$(word=${_words[i]} value=${_values[i]} perl -pe \
			's/(?<![\$A-Za-z{_.-])\Q$ENV{word}\E(?![=A-Za-z_])/$ENV{value}/g' <<<"$text")
	done
	printf '%s\n' "$text"
}

# Runs the block in _file, command by command. One that goes on in the next line is not
# valid without it.
_execute() {
	local _line _command=''
	local -a _lines

	mapfile -t _lines <"$_file"
	for _line in "${_lines[@]}"; do
		_command+=${_command:+$'\n'}$_line
		if [[ $_command == '(qemu) '* ]]; then
			_try "$_command"
		elif [[ $_line == *\\ || $(cd / && bash -n <<<"$_command" 2>&1) ]]; then
			continue
		elif [[ $_command ]]; then
			_try "$_command"
		fi
		_command=''
	done
	[[ ! $_command ]] || _not_ok "is no command: $_command"
}

_try() { # COMMAND
	local _part _text _name=${1//\\$'\n'*( )/} _status=0 _wanted=0 _prints='' _fails=''

	_name=${_name%%+( )#*}
	if [[ $1 =~ ^[[:blank:]]*'#' ]]; then
		[[ ${_comments[$1]-} ]] || return 0
		_text=${_comments[$1]}
		unset "_comments[$1]"
		$_text
		return
	fi
	! _is_lacking "$1" "$_name" || return 0
	for _part in "${!_befores[@]}"; do
		[[ $1 == *"$_part"* ]] || continue
		_text=${_befores[$_part]}
		unset "_befores[$_part]"
		$_text
	done
	[[ ! $1 =~ [[:blank:]]'# prints '(.*)$ ]] || _prints=${BASH_REMATCH[1]}
	[[ ! $1 =~ [[:blank:]]'# fails: '(.*)$ ]] || _fails=${BASH_REMATCH[1]} _wanted=1
	_text=$(_fill_in "$1")
	[[ $_text != '(qemu) '* ]] || _text="qemu.py monitor '${_text#'(qemu) '}'"
	eval "$_text" </dev/null >"$_scratch/out" 2>&1 || _status=$?
	_printed=$(<"$_scratch/out")
	if ((_wanted ? !_status : _status)); then
		echo "status $_status of: $_text" >>"$_scratch/out"
		_not_ok "$_name" "$_scratch/out"
	elif [[ $_prints && $_printed != "$_prints" ]]; then
		_not_ok "$_name prints $_prints" "$_scratch/out"
	elif [[ $_fails && $_printed != *"$_fails"* ]]; then
		_not_ok "$_name fails: $_fails" "$_scratch/out"
	else
		_ok "$_name${_prints:+ prints $_prints}${_fails:+ fails: $_fails}"
	fi
}

# What several pages need.

create() { # TYPE: makes a device, and sets uuid
	uuid=$(uuidgen)
	echo "$uuid" >"/sys/class/mdev_bus/${1%-*}/mdev_supported_types/$1/create"
}

# Skips what the QEMU or the kernel of this machine has not.
look_for_migration() {
	/usr/bin/qemu-system-x86_64 -device vfio-pci,help | grep -q '^ *enable-migration=' ||
		lacking 'this QEMU cannot migrate devices of VFIO' \
			enable-migration=on '(qemu) ' 'the device has moved' 'the migration '
	[[ $(uname -r) != 6.1.* ]] || lacking 'kernel 6.1 has no PRE_COPY' PRE_COPY_P2P
}

# A QEMU with these options that goes on until qemu_ends
qemu_stays() { # OPTION...
	STAY=1 qemu-system-x86_64 ... "$@"
}

qemu_ends() {
	qemu.py quit
}

# The source, of which the monitor is, goes to a target that waits at $1.
migrates() { # SOCKET
	qemu.py monitor "migrate -d unix:$1" && [[ $(qemu.py migration) == completed ]]
}

fails_to_migrate() { # SOCKET
	qemu.py monitor "migrate -d unix:$1" && [[ $(qemu.py migration) == failed ]]
}

all_is_gone() {
	local path

	qemu.py quit
	for path in /sys/bus/mdev/devices/*; do
		echo 1 >"$path/remove" || return
	done
	for path in /sys/kernel/config/softpci/*/; do
		echo 0 >"$path/live" && rmdir "$path" || return
	done
	modprobe -r mdpy mbochs mtty mioat softpci-example softpci-host mdpy-fb || return
	modprobe -r softpci-uart softpci-ioat softpci-vfio softpci
	[[ ! -d /sys/module/softpci ]]
}
