"""Starts the node; `edgenode.board` builds and turns it."""

from edgenode.board import main

main()
