# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of lsvfio(8): options, and the names of devices.

_lsvfio() {
	local cur prev words cword link
	local -a devices=()

	_init_completion 2>/dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	}
	: "${words[*]}" "$cword"
	case $prev in
	-s | --screenshot | -i | --ids)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--root)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--vf-token) return ;;
	esac
	case $cur in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "--json --screenshot --watch --group --cdev --join
			--vf-token --ids --root --help --version" -- "$cur")
		;;
	/*)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	*)
		for link in /sys/class/vfio-dev/*/device /sys/bus/mdev/devices/*; do
			[[ ! -e $link ]] || devices+=("$(basename "$(readlink -f "$link")")")
		done
		mapfile -t COMPREPLY < <(compgen -W "${devices[*]}" -- "$cur" | sort -u)
		# A PCI address has colons, at which readline divides words.
		! declare -F __ltrim_colon_completions >/dev/null ||
			__ltrim_colon_completions "$cur"
		;;
	esac
}
complete -F _lsvfio lsvfio
