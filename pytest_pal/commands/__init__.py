"""The subcommands of ``pal``: each module has ``configure(parser)`` and ``run(options) -> exit code``."""
