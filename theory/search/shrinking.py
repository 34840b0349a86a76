"""stub"""
def simplest(objective, witness, worst, found, seed):
    return worst
