"""One question file in, one answer on standard output."""

import json
import sys


def answer(each, workers=1):
    """Answers every question of the file that is named on the command line, in order."""
    with open(sys.argv[1], encoding="utf-8") as file:
        questions = json.load(file)
    if workers > 1:
        from multiprocessing import Pool

        with Pool(workers) as pool:
            answers = pool.map(each, questions, chunksize=4)
    else:
        answers = [each(question) for question in questions]
    json.dump(answers, sys.stdout)
