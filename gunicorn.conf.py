# Read by gunicorn when it starts in this folder; what the command line says comes on top.
logger_class = "grc.logs.GunicornLog"
