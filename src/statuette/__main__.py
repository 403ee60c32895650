"""`python -m statuette` is the command line."""

from statuette.cli import app

if __name__ == "__main__":
    app()
