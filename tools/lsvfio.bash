# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of lsvfio(8): options, and the names of devices.

# Readline divides words at "=" and at the colons of a PCI address. Sets words, up to the
# cursor, with those together again that no blank is between.
_lsvfio_words() {
	local line=${COMP_LINE:0:COMP_POINT} word last='' i

	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		[[ $line != [[:blank:]]* ]] || last=''
		line=${line#"${line%%[![:blank:]]*}"}
		# The cursor may be inside of the last one.
		word=${COMP_WORDS[i]:0:${#line}}
		line=${line:${#word}}
		if [[ $last == *[:=] || ($last && $word == [:=]*) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
		last=$word
	done
}

_lsvfio() {
	local cur prev head='' root='' link i
	local -a words devices=()

	_lsvfio_words
	cur=${words[-1]} prev=${words[-2]-}
	if [[ $cur == --*=* ]]; then
		prev=${cur%%=*} cur=${cur#*=}
		[[ $prev == --@(screenshot|ids|root) ]] || return 0
	fi
	# An answer must not repeat the part that readline takes for other words.
	[[ $COMP_WORDBREAKS != *:* || $cur != *:* || $cur == *\\:* ]] || head=${cur%"${cur##*:}"}
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		--root) root=${words[i + 1]} ;;
		--root=*) root=${words[i]#*=} ;;
		esac
	done
	case $prev in
	-s | --screenshot | -i | --ids)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	--root)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	--vf-token) ;;
	*)
		case $cur in
		-*)
			mapfile -t COMPREPLY < <(compgen -W "--json --screenshot --watch --group --cdev
				--join --vf-token --ids --root --help --version" -- "$cur")
			;;
		/*)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -d -- "$cur")
			;;
		*)
			for link in "$root"/sys/class/vfio-dev/*/device "$root"/sys/bus/mdev/devices/*; do
				[[ ! -e $link ]] || devices+=("$(basename "$(readlink -f "$link")")")
			done
			mapfile -t COMPREPLY < <(compgen -W "${devices[*]}" -- "${cur//\\:/:}" | sort -u)
			;;
		esac
		;;
	esac
	COMPREPLY=("${COMPREPLY[@]#"$head"}")
}
complete -F _lsvfio lsvfio
