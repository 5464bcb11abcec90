# Read by gunicorn when it starts in this folder; what the command line says comes on top.
logger_class = "grc.logs.GunicornLog"
control_socket_disable = True  # a second way to steer the server, in the home folder, that nobody here uses
