#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the commands of README and of the pages of Documentation/, as root: in a VM with
# the modules installed, or where the tree is built (ci/docs). The blocks are those that
# "make htmldocs" has found. See tests/README.

# Without -e and -u, as in a reader's shell.
docs=$(cd "$(dirname "$0")" && pwd -P)
tree=${docs%/tests/docs}
place=vm only=()

die() {
	echo "${0#./}: $*" >&2
	exit 2
}

while (($#)); do
	case $1 in
	--build | --dkms) place=${1#--} ;;
	--only)
		(($# > 1)) || die "$1 wants the name of a page"
		[[ -f $docs/pages/$2 ]] || die "there is no page '$2': the pages are those of tests/docs/pages"
		only+=("$2")
		shift
		;;
	--help)
		cat <<-END
			usage: tests/docs/run.sh [OPTION...]
			  --build      the commands that build and install, in a tree to be written to
			  --dkms       those of them that are about DKMS
			               (default: those for a machine with modules installed)
			  --only PAGE  one page (may be repeated)
		END
		exit 0
		;;
	*) die "unknown option '$1' (--help lists them)" ;;
	esac
	shift
done
[[ -d $tree/build/docs/blocks ]] || die "no blocks in $tree/build/docs: make htmldocs"

# A shell for each page, in the tree
session() { # PAGE
	(
		shopt -s extglob nullglob
		# shellcheck source=tests/docs/session.sh
		. "$docs/session.sh"
		_page=$1 _place=$place _blocks=$tree/build/docs/blocks/$1 _scratch=$scratch/$1
		export DOCS_SCRATCH=$_scratch
		mkdir -p "$_scratch"
		shopt -u nullglob
		cd "$tree" || exit
		# shellcheck source=/dev/null
		. "$docs/pages/$1"
		cd /
		[[ $place != vm ]] || ((!${#_comments[@]} && !${#_befores[@]})) ||
			_not_ok "there is a command or comment with ${!_comments[*]} ${!_befores[*]}"
		shopt -s nullglob
		check "the devices can be removed, and the modules unloaded" all_is_gone
		exit $_failed
	)
}

scratch=$(mktemp -d) || die "no room for a temporary folder"
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin"
ln -s "$docs/qemu.py" "$scratch/bin/qemu-system-x86_64"
ln -s "$docs/qemu.py" "$scratch/bin/qemu.py"
export PATH=$scratch/bin:$PATH PYTHONDONTWRITEBYTECODE=1

pages=("$docs"/pages/*)
pages=("${pages[@]##*/}")
status=0
for page in "${pages[@]}"; do
	if ((!${#only[@]})) || [[ " ${only[*]} " == *" $page "* ]]; then
		[[ $place != vm ]] || echo "$page:"
		session "$page" || status=1
	fi
done
exit $status
