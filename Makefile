# Thin on purpose: each target is a script, which can be read and called by itself.

.PHONY: help run test bench check format clean

help: # what can be done here
	@sed -n 's/^\([a-z]*\):.*# /  make \1	/p' Makefile

run: # start VOMS with a demonstration organisation (Ctrl-C stops it)
	@tools/run $(ARGS)

test: # everything; or a part: make test STAGE=unit
	@tools/test $(STAGE)

bench: # measure against the goals
	@bench/run $(ARGS)

check: # the static checks alone
	@tools/check

format: # let clang-format decide
	@tools/format

clean:
	rm -rf build
