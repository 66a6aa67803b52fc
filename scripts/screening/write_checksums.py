"""Checksums of the tables in ``screening/data``; run after building one of them."""

from screening.data_files import write_checksums

if __name__ == "__main__":
    write_checksums()
