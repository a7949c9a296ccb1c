"""What each subcommand of `pal` does: ``configure(parser)`` and ``run(options)``, loaded when it is typed."""
