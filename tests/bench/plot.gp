# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -e 'file="bench.tsv"; picture="bench.png"' plot.gp
#
# How each ratio compares to what is wanted of it: left of the line is better.

set terminal pngcairo size 1100, 60 + 20 * rows noenhanced font "sans,10"
set output picture
set datafile separator "\t"
set title title noenhanced
set logscale x 2
set xlabel "cost, as a part of what is allowed (gray: of the limit); thin: the middle half of all rounds"
set xrange [1.0/64:4]
set yrange [rows + 0.5:-0.5]
set grid xtics
unset key
set lmargin 48
set arrow from 1, graph 0 to 1, graph 1 nohead lw 2 lc rgb "#404040" front
set style fill solid

# ">= 0.8", "<= 1.2", or "-" where nothing in particular is wanted.
wanted(s) = real(substr(s, 4, strlen(s)))
more(s) = substr(s, 1, 2) eq ">="
part(ratio, s) = s eq "-" ? ratio : more(s) ? wanted(s) / ratio : ratio / wanted(s)
least(x) = x < 1.0/64 ? 1.0/64 : x
colour(x, s) = s eq "-" ? 0x808080 : x <= 1 ? 0x3a7d44 : 0xb3261e

plot file using (least(part($6, strcol(9)))):0:(1.0/64):(least(part($6, strcol(9)))):($0 - 0.35):($0 + 0.35):(colour(part($6, strcol(9)), strcol(9))):ytic(strcol(1) . ": " . strcol(2)) \
	with boxxyerror lc rgb variable, \
     file using (least(part($6, strcol(9)))):0:(least(part($7, strcol(9)))):(least(part($8, strcol(9)))) \
	with xerrorbars pt 0 lw 1 lc rgb "#000000"
